// What an operator learns of a room's flushes: lines of the log, and metrics.

import type { Config } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { metricsOf } from "../../metrics/runtime/metrics-of.ts";
import { writeJournal } from "../../object/runtime/write-journal.ts";
import type { Effects } from "../effects.ts";

export class RoomNotes {
  readonly #room: string;
  readonly #sample: number;
  readonly #metrics: Metrics;

  constructor(ctx: Pick<DurableObjectState, "waitUntil">, env: Env, config: Config, room: string) {
    this.#room = room;
    this.#sample = config.logs.sample;
    this.#metrics = metricsOf(env, config, { source: "room", room }, (work) => ctx.waitUntil(work));
  }

  take({
    audit,
    journal,
    counted,
    traffic,
    occupancy,
  }: Pick<Effects, "audit" | "journal" | "counted" | "traffic" | "occupancy">): void {
    const now = Date.now();
    for (const { by, ...act } of audit)
      log("moderated", { room: this.#room, by: by ?? "server code", ...act });
    if (journal.length > 0) writeJournal(journal, { room: this.#room }, this.#sample, now);
    this.#metrics.flushed(
      traffic,
      counted.length === 0 ? journal : [...journal, ...counted],
      occupancy.after,
      now,
    );
  }
}
