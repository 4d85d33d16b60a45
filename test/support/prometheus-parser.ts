// A strict reader of the text format of Prometheus 0.0.4, written from its description. What does not fit throws.

export interface PrometheusFamily {
  type: string;
  help: string;
  readonly samples: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\n]|\\\\[\\\\"n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL},?)*)\\})? (\\S+)(?: -?\\d+)?$`);

export function parsePrometheus(text: string): Map<string, PrometheusFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, PrometheusFamily>();
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const family = families.get(name) ?? { type: "", help: "", samples: [] };
      const field = kind === "HELP" ? "help" : "type";
      if (family[field] !== "" || family.samples.length > 0)
        throw new Error(`a second or late ${kind}: ${line}`);
      if (kind === "TYPE" && !["counter", "gauge"].includes(rest)) throw new Error(`no type: ${line}`);
      family[field] = rest;
      families.set(name, family);
      continue;
    }
    const found = SAMPLE.exec(line);
    if (found === null) throw new Error(`no sample: ${line}`);
    const [, metric = "", labels = ""] = found;
    const value = Number(found.at(-1));
    const key = `${metric}{${labels}}`;
    const family = families.get(metric);
    if (family === undefined || family.type === "") throw new Error(`no type before: ${line}`);
    if (seen.has(key) || !Number.isFinite(value)) throw new Error(`twice, or no number: ${line}`);
    if ([...families.keys()].at(-1) !== metric) throw new Error(`not with its family: ${line}`);
    seen.add(key);
    const read = Array.from(labels.matchAll(new RegExp(LABEL, "g")), ([, label = "", text = ""]) => [
      label,
      text.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character)),
    ]);
    family.samples.push({ labels: Object.fromEntries(read), value });
  }
  return families;
}
