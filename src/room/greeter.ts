// The first frames of those who join, at the end of a flush, as far as there is memory for them.

import type { Journal } from "../object/journal.ts";
import { hasExpired } from "../object/liveness.ts";
import { type Connections, EXPIRED } from "./connections.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { PageBudget } from "./page-budget.ts";
import type { PageMakers } from "./page-there.ts";
import { type Allowances, priceOf } from "./people/allowances.ts";
import type { Receipts } from "./people/receipts.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { Unread } from "./people/unread.ts";
import type { Permits } from "./permits.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";
import { Welcome } from "./welcome.ts";

export interface GreetingRules {
  readonly name: string;
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly receipts: Receipts;
  readonly roomPresence: RoomPresence;
  readonly streams: Streams;
  readonly pages: PageBudget;
  readonly connections: Connections;
  readonly permits: Permits;
  readonly allowances: Allowances;
  readonly journal: Journal;
  readonly relays?: PageMakers | undefined;
  reportFault(error: unknown): void;
}

export class Greeter {
  readonly #rules: GreetingRules;

  constructor(rules: GreetingRules) {
    this.#rules = rules;
  }

  /** Sends first frames to those who wait for them. Those for whom there is no memory wait for the next flush. */
  greet(turn: Turn): void {
    const { connections, settings, log, receipts, name } = this.#rules;
    const { joining } = connections;
    const { limits, reconnect } = settings;
    const unread = new Unread(log, receipts);
    const welcome = new Welcome({ room: name, limits, reconnect }, this.#rules, unread);
    for (const connection of joining) if (this.#greetOne(connection, welcome, turn) === "no memory") return;
  }

  #greetOne(connection: RoomConnection, welcome: Welcome, { now, delivery }: Turn): "done" | "no memory" {
    const { connections, permits, pages, allowances, journal } = this.#rules;
    const { identity } = connection;
    // It may have waited until its token ended.
    const refusal = hasExpired(identity, now) ? EXPIRED : allowances.greetingRefusal(identity, now);
    if (refusal !== undefined) {
      connections.drop(connection, refusal, now);
      return "done";
    }
    if (permits.lacks(connection, now)) {
      permits.keepJoiner(connection);
      return "done";
    }
    const maxBytes = pages.grant("greetings", connection, now);
    if (maxBytes === undefined) return "no memory";
    connections.open(connection);
    try {
      delivery.last(connection, () => {
        const { frames, rows } = welcome.greet(connection, maxBytes, now);
        const bytes = frames.reduce((sum, { length }) => sum + length, 0);
        pages.spent("greetings", connection, bytes, now);
        // What its relay makes is counted there.
        const sent = frames.reduce(
          (sum, { length }, at) => sum + (typeof frames[at] === "string" ? length : 0),
          0,
        );
        journal.traffic.replayed(sent);
        // The connect itself was paid for, or costs nothing.
        allowances.charge(identity, priceOf(identity, { rows, bytes }) - 1, now);
        return frames;
      });
    } catch (error) {
      // Its client comes back; the others must not notice.
      this.#rules.reportFault(error);
      connections.drop(connection, { code: "internal" }, now);
    }
    return "done";
  }
}
