// The metrics of an object, or of an isolate, joined to the bindings.

import type { Config } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import { Registry } from "../../registry/runtime/registry.ts";
import type { Labels } from "../columns.ts";
import { Metrics, type PointWriter } from "../metrics.ts";

const failed = new LimitedLog("count_failed");

/** `goOn`: keeps the caller awake for a call that nothing waits for. */
export function metricsOf(
  { METRICS, REGISTRY }: Pick<Env, "METRICS" | "REGISTRY">,
  { counters, placement }: Pick<Config, "counters" | "placement">,
  place: Pick<Labels, "source" | "room">,
  goOn: (work: Promise<void>) => void,
): Metrics {
  const registry = counters && REGISTRY !== undefined ? new Registry(REGISTRY, placement) : undefined;
  const random = () => Math.random();
  return new Metrics(METRICS && guarded(METRICS), place, {
    random,
    report: registry && ((sums) => goOn(registry.count(sums, random()).catch(noteFailure))),
  });
}

/** A flush has more to do than to be counted: it goes on if the platform takes no more points. */
const guarded = (writer: PointWriter): PointWriter => ({
  writeDataPoint(point) {
    try {
      writer.writeDataPoint(point);
    } catch (error) {
      noteFailure(error);
    }
  },
});

const noteFailure = (error: unknown): void => {
  failed.note("any", { error }, Date.now());
};
