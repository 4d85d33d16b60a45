// The text format of Prometheus, version 0.0.4.

import { COUNTERS, GAUGES, type Gauges } from "./families.ts";
import { MAX_EVENTS, OTHER } from "./labels.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const PREFIX = "edge_rooms_";

/** `counters`: sums by `counterName`. Names that this code does not know are left out. */
export function prometheusText(counters: Readonly<Record<string, number>>, gauges: Gauges): string {
  const lines: string[] = [];
  for (const [name, { type, help }] of Object.entries(GAUGES)) {
    const value = Object.entries(gauges).find(([gauge]) => gauge === name)?.[1] ?? 0;
    lines.push(...head(name, type, help), `${PREFIX}${name} ${value}`);
  }
  for (const [name, family] of Object.entries(COUNTERS)) {
    lines.push(...head(name, family.type, family.help));
    const label = "label" in family ? family.label : undefined;
    for (const [value, amount] of samplesOf(name, counters)) {
      const labels = label === undefined ? "" : `{${label}="${escaped(value)}"}`;
      lines.push(`${PREFIX}${name}${labels} ${amount}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** By label. Objects tell events apart on their own: of all that come together the 100 greatest are kept. */
function samplesOf(
  family: string,
  counters: Readonly<Record<string, number>>,
): [label: string, sum: number][] {
  const samples = Object.entries(counters).flatMap(([counter, sum]): [string, number][] => {
    const [of, ...label] = counter.split(" ");
    return of === family ? [[label.join(" "), sum]] : [];
  });
  samples.sort(([, one], [, other]) => other - one);
  const kept = samples.filter(([label], at) => at < MAX_EVENTS && label !== OTHER);
  const rest = samples.filter((sample) => !kept.includes(sample)).reduce((all, [, sum]) => all + sum, 0);
  return rest > 0 ? [...kept, [OTHER, rest]] : kept;
}

const head = (name: string, type: string, help: string): string[] => [
  `# HELP ${PREFIX}${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
  `# TYPE ${PREFIX}${name} ${type}`,
];

/** In a label value a backslash, a quote and the end of a line are escaped. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
