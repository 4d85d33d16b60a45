// `npm run docs`: writes the pages that are made from the code.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { logPage } from "./log-page.ts";

writeFileSync(join(import.meta.dirname, "../../docs/logs.md"), logPage());
