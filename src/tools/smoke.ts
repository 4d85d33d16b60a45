// `API_KEY=… npm run smoke -- https://rooms.example.com`: checks a deployment from outside, for after `npm run deploy`.
// It ends with 0 if all is well, 1 if a check failed, 2 if it was called wrongly. The key is never printed.

import { Patience } from "./patience.ts";
import { SmokeApi } from "./smoke-api.ts";
import { SmokeChecks } from "./smoke-checks.ts";
import { parseSmokeOptions } from "./smoke-options.ts";
import { runChecks } from "./smoke-run.ts";

const parsed = parseSmokeOptions(process.argv.slice(2), process.env.API_KEY);
if (parsed.kind === "wrong") {
  console.error(parsed.message);
  process.exit(2);
}
const { url, apiKey, asJson, seconds: eachSeconds, allSeconds } = parsed;
const patience = new Patience(eachSeconds, allSeconds);
const smoke = new SmokeChecks(new SmokeApi({ url, apiKey, patience }));
const start = performance.now();
if (!asJson) console.log(url);
const outcomes = await runChecks(smoke.checks(), ({ name, outcome, detail }) => {
  if (!asJson && outcome !== "left out") console.log(`${outcome.padEnd(7)} ${name.padEnd(12)} ${detail}`);
});
await smoke.cleanUp();
const failed = outcomes.filter(({ outcome }) => outcome === "FAILED").length;
const seconds = Math.round((performance.now() - start) / 100) / 10;
if (asJson) console.log(JSON.stringify({ url, ok: failed === 0, seconds, checks: outcomes }));
else console.log(summary());
// Sockets that do not end must not keep it.
process.exit(failed === 0 ? 0 : 1);

function summary(): string {
  if (failed === 0) return `All is well, seen in ${seconds} s`;
  const leftOut = outcomes.filter(({ outcome }) => outcome === "left out").length;
  return `${failed} failed${leftOut === 0 ? "" : `, ${leftOut} left out`}, in ${seconds} s`;
}
