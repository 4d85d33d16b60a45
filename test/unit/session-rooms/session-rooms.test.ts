import { describe, expect, it } from "vitest";
import { TOO_MANY_REFUSALS } from "../../../src/object/flood-guard.ts";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import {
  accept,
  type Outcome,
  type Permission,
  type Refusal,
  refuse,
  reject,
} from "../../../src/protocol/index.ts";
import type { SessionJoin } from "../../../src/session-rooms/session-delivery.ts";
import { SessionRooms } from "../../../src/session-rooms/user-side/session-rooms.ts";
import { FollowedRooms } from "../../../src/user/followed-rooms.ts";
import { KnownRooms } from "../../../src/user/known-rooms.ts";
import { SessionClaims } from "../../../src/user/session-claims.ts";
import { SessionConnection } from "../../../src/user/session-connection.ts";
import { SocketForTest } from "../../support/socket-for-test.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

/** Rooms that answer as the test says, and record their calls. */
function world() {
  const calls: string[] = [];
  const faults: string[] = [];
  const dropped: string[] = [];
  const refused: (Refusal & { readonly id: string | undefined; readonly room?: string })[] = [];
  const rooms = {
    permission: "write" as Permission,
    isDown: false,
    knowsUs: true,
    joined: accept(undefined) as Outcome<undefined>,
  };
  const joins: SessionJoin[] = [];
  const call = async <T>(name: string, answer: T): Promise<T> => {
    calls.push(name);
    if (rooms.isDown) throw new Error("no connection");
    return answer;
  };
  const { sql } = new SqliteForTest();
  let stays = 0;
  const all = new SessionRooms({
    notices: { registerRoom: () => accept(NONE_REVOKED) },
    followed: new FollowedRooms(new KnownRooms({ exec: () => [] })),
    claims: new SessionClaims(sql),
    room: (name) => ({
      join(join) {
        joins.push(join);
        return call(`join ${name}`, rooms.joined);
      },
      receive: (_, frames) => call(`receive ${name} ${frames.join()}`, rooms.knowsUs),
      leave: (_, departure) => call(`leave ${name} ${departure}`, undefined),
      renew: () => call(`renew ${name}`, undefined),
      present: (_, { status }) => call(`present ${name} ${status}`, undefined),
    }),
    authorizeToRead: async ({ identity }) =>
      rooms.permission === "none"
        ? reject(refuse("forbidden", "no"))
        : accept({ identity, permission: rooms.permission }),
    asksBackEnd: () => false,
    newJoin: () => `join_${++stays}`,
    unreachable: (operation, room) => faults.push(`${operation} ${room}`),
    callFailed: (room) => faults.push(room),
    sessionFailed: (room) => faults.push(`session ${room}`),
    refuse: (_, { id }, refusal) => refused.push({ ...refusal, id }),
    serves: () => true,
    drop: (_, { code }) => dropped.push(code),
  });
  const socket = new SocketForTest();
  const session = new SessionConnection(socket, {
    version: 1,
    id: "s",
    identity: { kind: "user", user: { id: "ada" }, expiresAt: 9, issuedAt: 0 },
    topics: null,
    pingedAt: null,
    stage: { at: "live" },
    claim: { at: "attachment", claim: undefined },
    rooms: {},
  });
  all.opened(session);
  const take = (command: Parameters<typeof all.take>[1]) => all.take(session, command);
  const join = async (room: string, id = "j") => {
    take({ type: "join", id, room });
    await settle();
  };
  const frame = (room: string, text: string) =>
    take({ type: "roomFrame", room, frame: text, ids: [text], id: text });
  return { all, calls, faults, dropped, refused, rooms, joins, session, socket, take, join, frame };
}

const settle = async () => {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
};

describe("rooms on a session", () => {
  it("[J11] receive what waits for them together, in order, with a leave at the end", async () => {
    const { calls, take, join, frame, socket } = world();
    await join("a");
    frame("a", "1");
    frame("a", "2");
    take({ type: "leave", id: "l", room: "a" });
    frame("a", "3");
    await settle();
    expect(calls).toEqual(["join a", "receive a 1,2", "leave a left"]);
    expect(socket.ofType("ok")).toEqual([{ type: "ok", id: "l", room: "a" }]);
  });

  it("[J9][J11] that are not joined are refused here, each command, and no room is called", async () => {
    const { calls, refused, take, join, frame } = world();
    frame("a", "1");
    take({ type: "leave", id: "l", room: "a" });
    await join("a");
    take({ type: "leave", id: "l1", room: "a" });
    frame("a", "2");
    take({ type: "leave", id: "l2", room: "a" });
    await settle();
    expect(refused.map(({ id, code }) => [id, code])).toEqual(
      ["1", "l", "2", "l2"].map((id) => [id, "not_found"]),
    );
    expect(calls).toEqual(["join a", "leave a left"]);
  });

  it("[J9] are at most 50, not counting those that are being left", async () => {
    const { refused, take, join } = world();
    for (let n = 0; n < 50; n++) await join(`r${n}`);
    await join("one_more", "no");
    expect(refused).toMatchObject([{ id: "no", code: "too_large", room: "one_more" }]);
    take({ type: "leave", id: "l", room: "r0" });
    await join("one_more", "yes");
    expect(refused).toHaveLength(1);
  });

  it("[J9] that may not be read are refused without a call, and one that cannot be reached is left", async () => {
    const { calls, faults, refused, rooms, session, join } = world();
    rooms.permission = "none";
    await join("a", "1");
    rooms.permission = "read";
    rooms.isDown = true;
    await join("b", "2");
    expect(refused.map(({ id, code }) => [id, code])).toEqual([
      ["1", "forbidden"],
      ["2", "overloaded"],
    ]);
    expect([calls, faults]).toEqual([["join b", "leave b lost"], ["join b"]]);
    expect(session.state.rooms).toEqual({});
  });

  it("[J6] that cannot be reached, or do not know the session, end there with `left`", async () => {
    const { faults, rooms, socket, join, frame } = world();
    await join("a");
    await join("b");
    rooms.knowsUs = false;
    frame("a", "1");
    await settle();
    rooms.isDown = true;
    frame("b", "1");
    await settle();
    expect(socket.ofType("left").map(({ room, code }) => [room, code])).toEqual([
      ["a", "internal"],
      ["b", "overloaded"],
    ]);
    expect(faults).toEqual(["receive b", "b"]);
  });

  it("[J10] with too many waiting calls close the session", async () => {
    const { dropped, take, join } = world();
    await join("a");
    for (let n = 0; n < 101; n++) take({ type: "join", id: `j${n}`, room: "a" });
    expect(dropped).toEqual([TOO_MANY_REFUSALS.code]);
  });

  it("[J2] get their name on a delivered item that follows on, and the position is written once per delivery", async () => {
    const { all, joins, session, socket, join } = world();
    await join("a");
    const item = (after: number | null, upTo: number) => ({
      ...{ connection: "s", join: joins[0]?.join ?? "", after, upTo },
      frames: [`{"type":"message","seq":${upTo}}`],
    });
    let saved = 0;
    const save = socket.save.bind(socket);
    socket.save = (state) => {
      saved++;
      save(state);
    };
    expect(all.deliver("a", [item(null, 1), item(1, 2), item(2, 2)])).toEqual(
      [1, 2, 3].map(() => ({ kind: "taken" })),
    );
    expect(socket.take().map(({ room, seq }) => [room, seq])).toEqual([
      ["a", 1],
      ["a", 2],
      ["a", 2],
    ]);
    expect([saved, session.state.rooms.a?.told]).toEqual([1, 2]);
    expect(all.deliver("a", [item(2, 2), item(3, 4)])).toEqual([
      { kind: "taken" },
      { kind: "behind", seq: 2 },
    ]);
    expect(saved).toBe(1);
  });

  it("[J4] are left by a session that closes", async () => {
    const { all, calls, session, join } = world();
    await join("a");
    all.closed(session, "lost");
    await settle();
    expect(calls).toEqual(["join a", "leave a lost"]);
  });
});
