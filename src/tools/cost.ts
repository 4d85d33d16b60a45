// `npm run cost`: what a workload costs a month.

import { billFor, usageOf } from "./cost-model.ts";
import { helpText, parseCostOptions } from "./cost-options.ts";
import { reportOf } from "./cost-report.ts";

const parsed = parseCostOptions(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    console.log(helpText());
    break;
  case "wrong":
    console.error(`${parsed.message}. All options: npm run cost -- --help`);
    process.exitCode = 1;
    break;
  case "options": {
    const { workload, usdPerMillionDeliveries } = parsed.options;
    const usage = usageOf(workload);
    console.log(reportOf(parsed.options, usage, billFor(usage, usdPerMillionDeliveries)));
  }
}
