// `npm run build`: the npm package of the client, and what the Worker serves: that package, the client for pages
// without a bundler, and the demo page.

import { emitDeclarations } from "./bundle-client.ts";
import { buildClientPackage } from "./client-package.ts";
import { ensureDevVars } from "./dev-vars.ts";
import { buildPublicFiles } from "./public-files.ts";

await emitDeclarations();
await buildClientPackage("dist/package");
await buildPublicFiles("dist/public", "dist/package");

// CI needs no secrets of a developer's machine.
if (process.env.CI === undefined) ensureDevVars();
