import { type CaughtUp, type Cursor, formatCursor } from "../../src/protocol/index.ts";
import type { Connected } from "../wire/parse-frame.ts";

/** What becomes of what is held: `kept` is completed by the replay, `lost` is replaced; `fresh`: nothing was held. */
export type ResumeKind = "fresh" | "kept" | "lost";

/**
 * The position of this client in a log, across connections. Invariant: every event up to the cursor was handled, once,
 * so a replay from there leaves no gap and repeats nothing.
 */
export class CursorTracker {
  #cursor: Cursor | undefined;
  #epoch = "";
  #phase: "replaying" | "live" = "replaying";

  /** As the protocol spells it; `undefined` while nothing is known of the log. */
  get cursor(): string | undefined {
    return this.#cursor === undefined ? undefined : formatCursor(this.#cursor);
  }

  begin({ epoch, recovery }: Connected): ResumeKind {
    const had = this.#cursor;
    const kept = had?.epoch === epoch && (recovery === "complete" || recovery === "partial");
    this.#epoch = epoch;
    this.#phase = "replaying";
    if (kept) return "kept";
    this.#cursor = undefined;
    return had === undefined ? "fresh" : "lost";
  }

  /** `gap`: an event between was not delivered, which on a live connection without a filter is a fault. */
  accept(seq: number, mayJump: boolean): "new" | "seen" | "gap" {
    const at = this.#cursor?.seq;
    if (at !== undefined && seq <= at) return "seen";
    if (this.#phase === "live" && !mayJump && at !== undefined && seq > at + 1) return "gap";
    this.advance(seq);
    return "new";
  }

  advance(seq: number): void {
    if (seq >= (this.#cursor?.seq ?? 0)) this.#cursor = { epoch: this.#epoch, seq };
  }

  /** Whether the replay is over, and what follows is live. */
  caughtUp({ seq, more }: CaughtUp): boolean {
    this.advance(seq);
    if (more) return false;
    this.#phase = "live";
    return true;
  }
}
