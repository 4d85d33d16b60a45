// `npm run cost`: what a workload costs a month; with `--attack` what one caller can cost a day, with `--crowd` how rooms of
// very many readers would do.

import { attackReport } from "./attack-report.ts";
import { billFor, usageOf } from "./cost-model.ts";
import { helpText, parseCostOptions } from "./cost-options.ts";
import { reportOf } from "./cost-report.ts";
import { crowdReport } from "./crowd-report.ts";

const parsed = parseCostOptions(process.argv.slice(2));
switch (parsed.kind) {
  case "help":
    console.log(helpText());
    break;
  case "attack":
    console.log(attackReport());
    break;
  case "crowd":
    console.log(crowdReport());
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
