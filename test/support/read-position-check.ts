// Checks the read position of each user: it never falls, except for what a crash may lose.

import type { SimulatedServer } from "./simulated-network.ts";

/** Positions are written every 5 s, in a crowd every 60 s, and a timer is late by at most 1 s here. */
const LOST_AT_MOST_MS = 7_000;
const LOST_AT_MOST_IN_CROWDS_MS = 67_000;

export class ReadPositionCheck {
  readonly #server: SimulatedServer;
  readonly #users: readonly string[];
  #epoch = "";
  #lostAtMostMs = LOST_AT_MOST_MS;
  /** The positions of each user, oldest first. */
  readonly #seen = new Map<string, { readonly at: number; readonly seq: number }[]>();

  constructor(server: SimulatedServer, users: readonly string[]) {
    this.#server = server;
    this.#users = users;
  }

  check(): void {
    const { room } = this.#server.room;
    if (room.log.epoch !== this.#epoch) this.#seen.clear();
    this.#epoch = room.log.epoch;
    if (!room.roomPresence.isListed) this.#lostAtMostMs = LOST_AT_MOST_IN_CROWDS_MS;
    for (const user of this.#users) {
      const { seq } = room.receipts.of(user);
      const seen = this.#seen.get(user) ?? [];
      const before = seen.at(-1)?.seq ?? 0;
      if (seq < before) throw new Error(`${user} had read ${before}, now ${seq}`);
      if (seq > room.log.head) throw new Error(`${user} has read ${seq} of ${room.log.head}`);
      if (seq > before) seen.push({ at: this.#server.now, seq });
      this.#seen.set(user, seen);
    }
  }

  restarted(how: "hibernate" | "crash"): void {
    if (how === "crash") {
      for (const [user, seen] of this.#seen) {
        const safe = seen.filter(({ at }) => at <= this.#server.now - this.#lostAtMostMs);
        this.#seen.set(user, safe);
      }
    }
    this.check();
  }
}
