// The text format of Prometheus, version 0.0.4.

import { COUNTERS, GAUGES, type Gauges } from "./families.ts";

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
    for (const [counter, value] of Object.entries(counters).sort()) {
      const [of = "", ...rest] = counter.split(" ");
      if (of !== name) continue;
      const labels = label === undefined ? "" : `{${label}="${escaped(rest.join(" "))}"}`;
      lines.push(`${PREFIX}${name}${labels} ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const head = (name: string, type: string, help: string): string[] => [
  `# HELP ${PREFIX}${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
  `# TYPE ${PREFIX}${name} ${type}`,
];

/** In a label value a backslash, a quote and the end of a line are escaped. */
const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
