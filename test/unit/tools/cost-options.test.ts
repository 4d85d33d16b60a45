import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { billFor, usageOf } from "../../../src/tools/cost-model.ts";
import { type CostOptions, helpText, parseCostOptions } from "../../../src/tools/cost-options.ts";
import { reportOf } from "../../../src/tools/cost-report.ts";

const parse = (line: string) => parseCostOptions(line.split(" ").filter((arg) => arg !== ""));

function optionsOf(line: string): CostOptions {
  const parsed = parse(line);
  if (parsed.kind !== "options") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

function report(line: string): string {
  const options = optionsOf(line);
  const usage = usageOf(options.workload);
  return reportOf(options, usage, billFor(usage, options.usdPerMillionDeliveries));
}

describe("options", () => {
  it("[K7] replace defaults, with a space or =", () => {
    expect(optionsOf("").workload).toMatchObject({ rooms: 100, members: 50, messagesPerDay: 200 });
    expect(
      optionsOf("--rooms 7 --joins-per-member-per-day=0.5 --usd-per-million-deliveries 1"),
    ).toMatchObject({
      workload: { rooms: 7, joinsPerMemberPerDay: 0.5, members: 50 },
      usdPerMillionDeliveries: 1,
    });
  });

  it.each([
    ["--romms 3", "there is no option --romms"],
    ["-x", "there is no option -x"],
    ["--constructor 3", "there is no option --constructor"],
    ["5", '"5" belongs to no option'],
    ["--rooms", "--rooms takes a number, not nothing"],
    ["--rooms --members 3", "--rooms takes a number"],
    ["--rooms=", "--rooms takes a number"],
    ["--rooms many", "--rooms takes a number, not many"],
    ["--rooms -5", "--rooms takes 0 to 1000000000, not -5"],
    ["--rooms 1.5", "--rooms takes a whole number, not 1.5"],
    ["--rooms Infinity", "--rooms takes a number"],
    ["--hours-connected-per-day 25", "--hours-connected-per-day takes 0 to 24, not 25"],
  ])("[K7] %s is refused with the reason", (line, message) => {
    const parsed = parse(line);
    expect(parsed).toMatchObject({ kind: "wrong", message: expect.stringContaining(message) });
  });

  it("[K7] --help lists each one with its default", () => {
    expect(parse("--help")).toEqual({ kind: "help" });
    expect(parse("--rooms 3 -h")).toEqual({ kind: "help" });
    expect(helpText()).toMatch(/--messages-per-day +200 {2}in each room/);
  });
});

describe("the report", () => {
  it("[K7] shows the usage, its cost with and without what the plan includes, and the deliveries", () => {
    const text = report("--rooms 10 --members 20 --messages-per-day 1000");
    expect(text).toMatch(/^rows written +[\d,]+ +50,000,000 +\$0\.\d\d +\$0\.00$/m);
    expect(text).toMatch(/^Workers Paid plan +\$5\.00$/m);
    expect(text).toMatch(/^a month +\$\d+\.\d\d +\$5\.\d\d$/m);
    expect(text).toContain("Prices of 20");
    expect(text).toMatch(/charges for each delivery counts [\d,]+ /);
    expect(text.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });

  it("[K7] is the one that docs/costs.md shows", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/costs.md"), "utf8");
    const example = /^npm run cost -- (.*)\n```\n\n```\n([\s\S]*?)\n```$/m.exec(page);
    expect(example?.[2]).toBe(report(example?.[1] ?? ""));
  });

  it("[K7] has no figure that is not a number", () => {
    for (const line of [
      "--rooms 0",
      "--members 0",
      "--hours-connected-per-day 0",
      "--rooms 1e9 --members 1e6",
    ]) {
      expect(report(line), line).not.toMatch(/NaN|Infinity|undefined|∞|[ $]-\d/);
    }
  });
});
