// A user over real SQL, with a clock that the test moves. A setting or a port of `UserHub` is an option here.

import type { JournalEntry } from "../../src/object/journal.ts";
import type { Traffic } from "../../src/object/traffic.ts";
import { Budget } from "../../src/user/budget.ts";
import { FollowedRooms } from "../../src/user/followed-rooms.ts";
import { InboxLog } from "../../src/user/inbox/inbox-log.ts";
import { MarkStore } from "../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../src/user/inbox/notification-store.ts";
import { PreferenceStore } from "../../src/user/inbox/preferences.ts";
import { KnownRooms } from "../../src/user/known-rooms.ts";
import { SessionConnection, type SessionState } from "../../src/user/session-connection.ts";
import { TokenRevocations } from "../../src/user/token-revocations.ts";
import { UserHub } from "../../src/user/user-hub.ts";
import { SocketForTest } from "./socket-for-test.ts";
import { SqliteForTest } from "./sqlite.ts";

const LIMITS = {
  ...{ messageBytes: 32_768, frameBytes: 1_048_576, ratePerSecond: 1_000, rateBurst: 1_000, slowModeMs: 0 },
  ...{ listedMembers: 200, pingMs: 25_000, pongMs: 10_000 },
};

export class UserForTest {
  now = 1_790_000_000_000;
  readonly faults: unknown[] = [];
  readonly journal: JournalEntry[] = [];
  readonly traffic: Traffic[] = [];
  readonly user: UserHub;
  #opened = 0;

  /** `userBudget` is in millionths of a US dollar; 0: nothing is counted. */
  constructor({ inboxLimit = 400, rateBurst = LIMITS.rateBurst, userBudget = 0 } = {}) {
    const database = new SqliteForTest();
    // First, because it creates the tables of the others.
    const inbox = new InboxLog(
      new NotificationStore(database, inboxLimit, "epoch1"),
      new MarkStore(database.sql),
    );
    const rooms = new KnownRooms(database.sql);
    const revocations = new TokenRevocations(database.sql, rooms);
    this.user = new UserHub(
      {
        inboxLimit,
        maxConnections: 10,
        limits: { ...LIMITS, rateBurst },
        reconnect: { minMs: 1, maxMs: 2 },
      },
      {
        inbox,
        revocations,
        preferences: new PreferenceStore(database.sql),
        budget: new Budget(database.sql, userBudget),
        followed: new FollowedRooms(rooms),
      },
      {
        reportFault: (error) => this.faults.push(error),
        report: (entry) => this.journal.push(entry),
        delivered: () => this.traffic.push(this.user.traffic.take()),
        random: () => 0.5,
        countsChanged: () => {},
        registerRoom: (room) => revocations.registerRoom(room),
      },
    );
  }

  notify(id: string, message = "") {
    return this.user.notify({ id, title: id, message, priority: "medium", data: "null" }, this.now);
  }

  open({ since, rooms = {} }: { readonly since?: string; readonly rooms?: SessionState["rooms"] } = {}) {
    const socket = new SocketForTest();
    const session = new SessionConnection(socket, {
      version: 1,
      id: `c_${++this.#opened}`,
      identity: this.identity(),
      topics: null,
      pingedAt: this.now,
      stage: { at: "live" },
      claim: { at: "attachment", claim: undefined },
      rooms,
    });
    this.user.admit(session, since, 50, this.now);
    return { socket, session };
  }

  /** The identity of a token that is issued now and is valid for an hour. */
  identity(id = "ada") {
    return { kind: "user", user: { id }, expiresAt: this.now + 3_600_000, issuedAt: this.now } as const;
  }
}
