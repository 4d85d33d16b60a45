// The figures as a table and as JSON, beside those of the previous run.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Figures } from "./scenarios/scenario.ts";

export interface Measurement {
  readonly name: string;
  readonly target: string;
  readonly stores: boolean;
  readonly figures: Figures;
}

export interface Run {
  readonly at: string;
  readonly machine: string;
  readonly measurements: readonly Measurement[];
}

const short = (figure: string, value: number): string => {
  if (!Number.isFinite(value)) return "–";
  // One message in a million counts.
  if (figure === "% delivered") return value.toFixed(4);
  if (Number.isInteger(value) && value < 10_000) return String(value);
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 10_000) return `${(value / 1e3).toFixed(0)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
};

export const machine = (): string =>
  `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;

/** One measurement per line; with the previous run, the ratio of each figure to its former value. */
export function table(run: Run, before: Run | undefined): string {
  const lines = run.measurements.map(({ name, target, stores, figures }) => {
    const old = before?.measurements.find((other) => other.name === name && other.target === target)?.figures;
    const cells = Object.entries(figures).map(([figure, value]) => {
      const was = old?.[figure];
      return `${figure} ${short(figure, value)}${was === undefined ? "" : ` (${(value / was).toFixed(2)}×)`}`;
    });
    return `${name.padEnd(34)} ${`${target}${stores ? ", stored" : ""}`.padEnd(20)} ${cells.join(" · ")}`;
  });
  return lines.join("\n");
}

/** The ratio of our figure to each peer's. */
export function ratios(run: Run, figure: string): string {
  const names = [...new Set(run.measurements.map(({ name }) => name))];
  const lines = names.flatMap((name) => {
    const same = run.measurements.filter((other) => other.name === name);
    const ours = same.find(({ target }) => target === "Edge Rooms")?.figures[figure];
    const others = same.filter(
      ({ target, figures }) => target !== "Edge Rooms" && figures[figure] !== undefined,
    );
    if (ours === undefined || others.length === 0) return [];
    const parts = others.map(
      ({ target, figures }) => `${target} ${(ours / (figures[figure] ?? Number.NaN)).toFixed(2)}×`,
    );
    return [`${name.padEnd(34)} ${parts.join(" · ")}`];
  });
  return lines.join("\n");
}

export function readRun(file: string): Run | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

export const writeRun = (file: string, run: Run): void =>
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
