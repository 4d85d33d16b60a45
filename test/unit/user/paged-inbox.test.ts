import { describe, expect, it } from "vitest";
import { Inbox } from "../../../src/user/inbox/inbox.ts";
import { MarkStore } from "../../../src/user/inbox/mark-store.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { PreferenceStore } from "../../../src/user/inbox/preferences.ts";
import { KnownRooms } from "../../../src/user/known-rooms.ts";
import { SessionConnection } from "../../../src/user/session-connection.ts";
import { TokenRevocations } from "../../../src/user/token-revocations.ts";
import { User } from "../../../src/user/user.ts";
import { SocketForTest } from "../../support/socket-for-test.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;
const LIMITS = {
  ...{ messageBytes: 32_768, frameBytes: 1_048_576, ratePerSecond: 1_000, rateBurst: 1_000, slowModeMs: 0 },
  ...{ listedMembers: 200, pingMs: 25_000, pongMs: 10_000 },
};

function userWith(inboxLimit: number) {
  const database = new SqliteForTest();
  const faults: unknown[] = [];
  const inbox = new Inbox(new NotificationStore(database, inboxLimit, "epoch1"), new MarkStore(database.sql));
  const stores = {
    inbox,
    access: new TokenRevocations(database.sql, new KnownRooms(database.sql)),
    preferences: new PreferenceStore(database.sql),
  };
  const settings = { inboxLimit, maxConnections: 10, limits: LIMITS, reconnect: { minMs: 1, maxMs: 2 } };
  const user = new User(settings, stores, (error) => faults.push(error));
  const notify = (id: string) =>
    user.notify({ id, title: id, message: "x".repeat(4_000), priority: "medium", data: "null" }, NOW);
  return { user, notify, faults };
}

function sessionOf(user: User, since: string | undefined) {
  const socket = new SocketForTest();
  const session = new SessionConnection(socket, {
    version: 1,
    id: "c_1",
    identity: { kind: "user", user: { id: "ada" }, expiresAt: NOW + 3_600_000, issuedAt: NOW },
    topics: null,
    pingedAt: NOW,
    stage: { at: "live" },
    claim: { at: "attachment", claim: undefined },
    rooms: {},
  });
  user.admit(session, since, 50, NOW);
  const page = (after: number) => {
    const command = { type: "history", id: `p${after}`, after, limit: 1_000 } as const;
    user.receive(session, { kind: "command", command }, NOW);
    return socket.ofType("ok").at(-1);
  };
  return { socket, page };
}

describe("a long replay of an inbox", () => {
  it("[F10] tells with each page, and at its end, what retention has removed meanwhile", () => {
    const { user, notify, faults } = userWith(400);
    for (let n = 1; n <= 350; n++) notify(`n${n}`);
    const { socket, page } = sessionOf(user, "epoch1.0");
    const first = socket.ofType("caughtUp")[0];
    expect(first).toMatchObject({ more: true });
    expect(first).not.toHaveProperty("floor");
    // Read on another device, and then removed: nothing will tell of either.
    user.mark({ ids: ["n1"] }, "read", NOW);
    for (let n = 351; n <= 420; n++) notify(`n${n}`);
    const last = page(Number(first?.seq));
    const { floor } = user.inbox;
    expect(floor).toBeGreaterThanOrEqual(20);
    expect(last).toMatchObject({ floor });
    expect(last).not.toHaveProperty("more");
    expect(socket.events.at(-1)).toEqual({ type: "caughtUp", seq: user.inbox.head, floor });
    expect(faults).toEqual([]);
  });
});
