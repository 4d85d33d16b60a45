// Kicks, bans, changes settings and purges in a simulated world, and checks that they take effect.

import { type Actor, SERVER } from "../../src/access/identity.ts";
import type { Turn } from "../../src/room/turn.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedServer } from "./simulated-network.ts";

const MODERATOR: Actor = {
  identity: {
    kind: "user",
    user: { id: "moderator", name: "moderator" },
    expiresAt: Number.MAX_SAFE_INTEGER,
    issuedAt: 0,
  },
  permission: "moderate",
};

interface Ban {
  readonly user: string;
  readonly from: number;
  until: number;
  /** What the user had done by then. */
  readonly epoch: string;
  readonly head: number;
}

export class SimulatedModerator {
  readonly tally = { kicks: 0, bans: 0, unbans: 0, settings: 0, purges: 0 };
  readonly #server: SimulatedServer;
  readonly #users: readonly string[];
  readonly #historyLimit: number;
  readonly #random: SeededRandom;
  #bans: Ban[] = [];

  constructor(server: SimulatedServer, users: readonly string[], historyLimit: number, random: SeededRandom) {
    this.#server = server;
    this.#users = users;
    this.#historyLimit = historyLimit;
    this.#random = random;
  }

  act(): void {
    const roll = this.#random.next();
    if (roll < 0.15) this.#kick(0);
    else if (roll < 0.4) this.#kick(1 + Math.floor(this.#random.next() * 20));
    else if (roll < 0.55) this.#unban();
    else if (roll < 0.72) this.#configure(MODERATOR, { slowModeMs: this.#random.pick([0, 400, 3_000]) });
    else if (roll < 0.85) {
      const historyLimit = Math.max(5, Math.floor(this.#historyLimit * (0.5 + this.#random.next())));
      this.#configure(SERVER, { historyLimit });
    } else this.#purge();
  }

  /** Lifts all bans and slow mode. */
  relent(): void {
    this.check();
    for (const { user } of this.#bans)
      this.#call(({ moderation }, turn) => moderation.unban(SERVER, user, turn));
    this.#bans = [];
    this.#configure(SERVER, { slowModeMs: 0 });
  }

  /** A banned user has no open connection, and nothing of theirs is stored. */
  check(): void {
    const { room } = this.#server.room;
    const { now } = this.#server;
    for (const { user, from, until, epoch, head } of this.#bans) {
      const { epochs } = this.#server.room.recordedLog;
      const since = epochs.findIndex((logEpoch) => logEpoch.epoch === epoch);
      const later = epochs
        .slice(since)
        .flatMap(({ events }, index) => events.slice(index === 0 ? head : 0))
        .find(({ by, at }) => by === user && at >= from && at < until);
      if (later !== undefined) throw new Error(`${user} is banned and did ${later.json}`);
      if (until <= now) continue;
      const open = this.#server.room.opened(user);
      if (open > 0) throw new Error(`${user} is banned and has ${open} connections`);
      if (room.roomPresence.members.some(({ id }) => id === user))
        throw new Error(`${user} is banned and here`);
    }
  }

  #kick(banSeconds: number): void {
    const user = this.#random.pick(this.#users);
    this.#call(({ moderation }, turn) => moderation.kick(MODERATOR, { user, banSeconds }, turn));
    if (banSeconds === 0) {
      this.tally.kicks += 1;
      return;
    }
    this.tally.bans += 1;
    const { epoch, head } = this.#server.room.log;
    const { now } = this.#server;
    this.#end(user);
    this.#bans.push({ user, from: now, until: now + banSeconds * 1_000, epoch, head });
    this.check();
  }

  #unban(): void {
    const user = this.#random.pick(this.#users);
    this.tally.unbans += 1;
    this.check();
    this.#call(({ moderation }, turn) => moderation.unban(MODERATOR, user, turn));
    this.#end(user);
  }

  /** The ends of earlier bans, which a later one replaces. */
  #end(user: string): void {
    for (const ban of this.#bans) if (ban.user === user) ban.until = Math.min(ban.until, this.#server.now);
  }

  #configure(actor: Actor, patch: { slowModeMs?: number; historyLimit?: number }): void {
    this.tally.settings += 1;
    this.#call(({ moderation }, turn) => moderation.configure(actor, patch, turn));
    const { own } = this.#server.room.room.settings;
    for (const [name, value] of Object.entries(patch)) {
      if (own[name as keyof typeof own] !== value) throw new Error(`${name} is not ${value}`);
    }
  }

  #purge(): void {
    this.check();
    this.tally.purges += 1;
    this.#call(({ moderation }, turn) => moderation.purge(SERVER, turn));
    const { log, room, recordedLog } = this.#server.room;
    if (log.head !== 0 || log.floor !== 0 || log.epoch !== recordedLog.now.epoch)
      throw new Error("not purged");
    // A relay may not have heard yet that a client went while it was let in: until then that counts in its size.
    const atRelays = room.relays?.size ?? 0;
    if (room.connections.size > atRelays || room.roomPresence.members.length > 0)
      throw new Error("a connection survived a purge");
  }

  #call(run: (room: SimulatedServer["room"]["room"], turn: Turn) => { readonly ok: boolean }): void {
    let ok = false;
    this.#server.call((room, turn) => {
      const outcome = run(room, turn);
      ok = outcome.ok;
    });
    if (!ok) throw new Error("refused");
  }
}
