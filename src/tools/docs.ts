// `npm run docs`: writes what is made from the code: the page of the log, and the documents of the contract.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { contractDocuments } from "./contract/documents.ts";
import { logPage } from "./log-page.ts";

const src = join(import.meta.dirname, "..");

writeFileSync(join(src, "../docs/logs.md"), logPage());
for (const [file, text] of Object.entries(await contractDocuments())) writeFileSync(join(src, file), text);
