import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BLOBS, DOUBLES, dataPoint } from "../../../src/metrics/columns.ts";
import { COUNTERS, GAUGES } from "../../../src/metrics/families.ts";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/operating.md"), "utf8");
const queries = Array.from(page.matchAll(/```sql\n([\s\S]*?)```/g), ([, sql = ""]) => sql);

/** `blob2` → `room`. */
const columns = new Map<string, string>([
  ...BLOBS.map((name, at) => [`blob${at + 1}`, name] as const),
  ...DOUBLES.map((name, at) => [`double${at + 1}`, name] as const),
]);

describe("the page about operating", () => {
  it("[O28] lists each column of a data point as it is written, and no other", () => {
    const rows = Array.from(page.matchAll(/^\| `((?:blob|double)\d+)` \| (\w+) \|/gm), ([, column, name]) => [
      column,
      name,
    ]);
    expect(rows).toEqual([...columns]);
    const { blobs, doubles } = dataPoint(
      { room: "lobby", closed: "timeout" },
      { connections: 7, refused: 3 },
    );
    expect([blobs[1], blobs[5], doubles[0], doubles[14]]).toEqual(["lobby", "timeout", 7, 3]);
    expect([blobs.length, doubles.length]).toEqual([BLOBS.length, DOUBLES.length]);
  });

  it("[O28] has six queries, each of which names the columns that it uses as they are written", () => {
    expect(queries).toHaveLength(6);
    for (const sql of queries) {
      const [comment = "", ...lines] = sql.split("\n");
      const used = new Set(lines.join("\n").match(/\b(?:blob|double)\d+\b/g));
      const named = comment
        .replace("-- ", "")
        .split(", ")
        .map((pair) => pair.split(" "));
      expect(new Set(named.map(([column]) => column))).toEqual(used);
      for (const [column = "", name] of named) expect([column, columns.get(column)]).toEqual([column, name]);
      expect(sql).toContain("FROM edge_rooms");
      // Sums of what was sampled are weighted; only the gauges have no weight.
      for (const [, weight, column = ""] of sql.matchAll(/SUM\((_sample_interval \* )?(double\d+)\)/g))
        expect([column, weight]).toEqual([column, "_sample_interval * "]);
    }
  });

  it("[O28] lists each metric that is scraped", () => {
    const rows = Array.from(page.matchAll(/^\| `edge_rooms_(\w+)(?:\{(\w+)\})?` \| (\w+) \|/gm), (row) =>
      row.slice(1, 4),
    );
    const families: [string, { type: string; label?: string }][] = Object.entries({ ...GAUGES, ...COUNTERS });
    expect(rows).toEqual(families.map(([name, { label, type }]) => [name, label, type]));
  });

  it("[O28] reads the dataset that wrangler.toml names", () => {
    const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
    expect(toml).toMatch(
      /\[\[analytics_engine_datasets\]\]\n# binding = "METRICS"\n# dataset = "edge_rooms"\n/,
    );
  });
});
