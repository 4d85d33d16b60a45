// Checks the read position of each user: it never falls, but in a crash while the user is here. Then the user's clients say
// it again when they are back.

import type { SimulatedServer } from "./simulated-network.ts";

/** Of users who are gone positions are written at most every 5 s, and a timer is late by at most 1 s here. */
const WRITTEN_AFTER_MS = 7_000;

export class ReadPositionCheck {
  readonly #server: SimulatedServer;
  readonly #users: readonly string[];
  #epoch = "";
  /** As each user's position was last. */
  #last = new Map<string, number>();
  /** The greatest that it was. */
  #best = new Map<string, number>();
  /** Since when a user has no connection. */
  readonly #goneSince = new Map<string, number>();
  /** Positions that a crash took, and that were said again. */
  regained = 0;

  constructor(server: SimulatedServer, users: readonly string[]) {
    this.#server = server;
    this.#users = users;
  }

  check(): void {
    const { room } = this.#server.room;
    if (room.log.epoch !== this.#epoch) [this.#last, this.#best] = [new Map(), new Map()];
    this.#epoch = room.log.epoch;
    for (const user of this.#users) {
      const seq = room.receipts.seqOf(user);
      const before = this.#last.get(user) ?? 0;
      if (seq < before) throw new Error(`${user} had read ${before}, now ${seq}`);
      if (seq > room.log.head) throw new Error(`${user} has read ${seq} of ${room.log.head}`);
      const best = this.#best.get(user) ?? 0;
      if (before < best && seq >= best) this.regained += 1;
      this.#last.set(user, seq);
      this.#best.set(user, Math.max(best, seq));
      if (room.connections.isOpenTo(user)) this.#goneSince.delete(user);
      else if (!this.#goneSince.has(user)) this.#goneSince.set(user, this.#server.now);
    }
  }

  restarted(how: "hibernate" | "crash"): void {
    if (how === "crash") {
      for (const user of this.#users) {
        const goneSince = this.#goneSince.get(user) ?? Number.POSITIVE_INFINITY;
        if (this.#server.now - goneSince < WRITTEN_AFTER_MS) this.#last.delete(user);
      }
    }
    this.check();
  }

  /** All clients are back: so are all positions. */
  checkAllBack(): void {
    this.check();
    for (const user of this.#users) {
      const [last, best] = [this.#last.get(user) ?? 0, this.#best.get(user) ?? 0];
      if (last < best) throw new Error(`${user} had read ${best}, and is back at ${last}`);
    }
  }
}
