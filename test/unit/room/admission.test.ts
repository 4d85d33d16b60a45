import { describe, expect, it } from "vitest";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import { NONE_REVOKED, type RevokedTokens, revokeAllTokens } from "../../../src/object/revocation.ts";
import { accept, type Outcome, refuse } from "../../../src/protocol/index.ts";
import { Admission } from "../../../src/room/admission.ts";
import type { RoomUpgrade } from "../../../src/room/people/room-connection.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

type Answer = Outcome<RevokedTokens> | "unreachable";

/** A room, and the objects of its users, which answer as `answers` says. */
function roomOf(answers: Answer = accept(NONE_REVOKED), isMade = true) {
  const test = new RoomForTest({ maxConnections: 2 });
  const asked: string[] = [];
  const unreachable: string[] = [];
  const answer = async (question: string): Promise<Outcome<RevokedTokens>> => {
    asked.push(question);
    if (answers === "unreachable") throw new Error("no connection");
    return answers;
  };
  const admission = new Admission(test.room, {
    user: (id) => ({
      registerRoom: (_, undated) => answer(`opened ${id} ${undated}`),
      mayCreateRoom: async () => {
        const outcome = await answer(`makes ${id}`);
        return outcome.ok ? accept(undefined) : outcome;
      },
      async revokedTokens(undated) {
        const outcome = await answer(`revokedTokens ${id} ${undated}`);
        return outcome.ok ? outcome.value : NONE_REVOKED;
      },
    }),
    isMade: () => isMade,
    flush: async () => test.flush(),
    startFlush: () => test.flush(),
    leave: async (id, departure) => {
      test.room.sessions.leave(id, departure);
      test.flush();
    },
    now: () => test.now,
    unreachable: (inquiry, user) => unreachable.push(`${inquiry} ${user}`),
    async verify(token) {
      const { identity } = actorOf(
        token.replace("undated ", ""),
        token.startsWith("undated") ? null : test.now,
      );
      if (identity.kind !== "user") throw new Error("no user");
      return accept({ identity, rooms: undefined });
    },
    async authorize({ identity }) {
      asked.push(`authorize ${identity.user.id}`);
      return accept({ identity, permission: "read" });
    },
  });
  const actorOf = (user: string, issuedAt: number | null = test.now): Actor => ({
    identity: { kind: "user", user: { id: user }, expiresAt: test.now + 3_600_000, issuedAt },
    permission: "write",
  });
  const open = (user: string, more: Partial<RoomUpgrade> = {}) => {
    const upgrade: RoomUpgrade = {
      ...{ actor: actorOf(user), history: 0, topics: null, presence: true },
      ...{ counted: true, speaksOurProtocol: true, ...more },
    };
    return admission.open(upgrade, () => test.connect(user).state.id);
  };
  return { test, admission, asked, unreachable, actorOf, open };
}

describe("the opening of a connection", () => {
  it("[B9] asks the user's object the first time, and then only for a token without a date", async () => {
    const { test, asked, open, actorOf, admission } = roomOf();
    expect((await open("ada")).ok).toBe(true);
    expect((await open("ada", { actor: actorOf("ada", null) })).ok).toBe(true);
    expect(asked).toEqual(["opened ada null", `revokedTokens ada ${test.now + 3_600_000}`]);
    expect(await admission.judge(actorOf("ada"))).toBeUndefined();
    expect(await admission.judge(SERVER)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it("[B7][B9] is refused if that object cannot be reached, or has revoked the token; no connection opens", async () => {
    const down = roomOf("unreachable");
    expect(await down.open("ada")).toMatchObject({ ok: false, refusal: { code: "overloaded" } });
    expect(down.unreachable).toEqual(["registerRoom ada"]);
    const revoked = roomOf(accept(revokeAllTokens(NONE_REVOKED, 0, 1_790_000_000_000)));
    expect(await revoked.open("ada")).toMatchObject({ ok: false, refusal: { code: "token_expired" } });
    expect([down.test.room.connections.size, revoked.test.room.connections.size]).toEqual([0, 0]);
  });

  it("[P3] that is refused sets a timer for the end of a grace that its sweep began", async () => {
    const { test, open } = roomOf();
    const bo = test.join("bo");
    test.join("ghost", { expiresAt: test.now + 80_000 });
    test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user: "ada", banSeconds: 99 }, turn));
    test.now += 80_000;
    expect((await open("ada")).ok).toBe(false);
    expect(test.dueAt).toBe(test.now + 5_000);
    test.later(5_000);
    expect(bo.socket.ofType("memberLeft")).toMatchObject([{ user: "ghost" }]);
  });

  it("[B2] by a banned user, or into a full room, asks nothing", async () => {
    const { test, asked, open } = roomOf();
    test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user: "bo", banSeconds: 9 }, turn));
    expect(await open("bo")).toMatchObject({ ok: false, refusal: { code: "banned" } });
    test.join("cy");
    test.join("di");
    expect(await open("ada")).toMatchObject({ ok: false, refusal: { code: "room_full" } });
    expect(asked).toEqual([]);
  });

  it("[B9] keeps the room and the user's registration until it is complete", async () => {
    const { admission, open } = roomOf();
    const opened = open("ada");
    expect([admission.isBusy, admission.isOpenTo("ada"), admission.isOpenTo("bo")]).toEqual([
      true,
      true,
      false,
    ]);
    await opened;
    expect([admission.isBusy, admission.isOpenTo("ada")]).toEqual([false, true]);
  });

  it("[J20] takes the place of what it replaces, and closes that only if it succeeds itself", async () => {
    const { test, open } = roomOf();
    const [old, other] = [test.join("ada"), test.join("bo")];
    expect(await open("cy", { replaces: old.state.id })).toMatchObject({ refusal: { code: "room_full" } });
    expect(old.socket.closed).toBeUndefined();
    expect((await open("ada", { replaces: old.state.id })).ok).toBe(true);
    expect(old.socket.closed).toMatchObject({ reason: expect.stringContaining("replaced") });
    expect(other.socket.closed).toBeUndefined();
  });
});

describe("the join of a session", () => {
  it("[L231] of a room without tables makes them although it is refused, so that a revocation finds the room", async () => {
    const { test, admission, actorOf } = roomOf(accept(NONE_REVOKED), false);
    test.join("cy");
    test.join("di");
    const refusal = await admission.join({
      ...{ connection: "s1", join: "j1", id: "j", actor: actorOf("ada") },
      ...{ revokedTokens: NONE_REVOKED, history: 0, topics: null, presence: true },
    });
    expect(refusal).toMatchObject({ code: "room_full" });
    const rows = test.database.sql.exec<{ user: string }>("SELECT user FROM users WHERE is_known = 1");
    expect([...rows]).toEqual([{ user: "ada" }]);
  });

  it("[L231] of a room whose tables cannot be made has the next one ask again", async () => {
    const { test, open, asked } = roomOf(accept(NONE_REVOKED), false);
    test.database.failOn = /INTO users/;
    await expect(open("ada")).rejects.toThrow();
    expect(test.room.moderation.isKnownTo("ada")).toBe(false);
    test.database.failOn = undefined;
    expect((await open("ada")).ok).toBe(true);
    expect(asked).toEqual(["opened ada null", "opened ada null"]);
  });
});

describe("the token of an auth", () => {
  it("[M8] of another or a banned user asks nothing", async () => {
    const { test, admission, asked } = roomOf();
    const { connection } = test.join("ada");
    expect(await admission.verify(connection, "bo")).toMatchObject({ refusal: { code: "forbidden" } });
    expect(await admission.verify(test.join(null).connection, "bo")).toMatchObject({ ok: false });
    test.call(SERVER, (turn) => test.room.moderation.kick(SERVER, { user: "ada", banSeconds: 9 }, turn));
    expect(await admission.verify(connection, "ada")).toMatchObject({ refusal: { code: "banned" } });
    expect(asked).toEqual([]);
  });

  it("[B13] without a date is recorded by the user's object, and refused if that cannot be reached", async () => {
    const { test, admission, asked } = roomOf();
    const { connection } = test.join("ada");
    expect(await admission.verify(connection, "ada")).toMatchObject({ value: { permission: "read" } });
    expect((await admission.verify(connection, "undated ada")).ok).toBe(true);
    expect(asked).toEqual(["authorize ada", "authorize ada", `revokedTokens ada ${test.now + 3_600_000}`]);
    const down = roomOf("unreachable");
    const there = down.test.join("ada").connection;
    expect(await down.admission.verify(there, "undated ada")).toMatchObject({
      refusal: { code: "overloaded" },
    });
  });
});

describe("a call that creates a room", () => {
  it("[K16] is counted by the user's object, which may refuse; not if the room exists, nor for server code", async () => {
    const used = refuse("rate_limited", "used up");
    const { admission, asked, actorOf } = roomOf({ ok: false, refusal: used }, false);
    expect(await admission.mayMake(actorOf("ada"))).toBe(used);
    expect(await admission.mayMake(SERVER)).toBeUndefined();
    const made = roomOf({ ok: false, refusal: used });
    expect(await made.admission.mayMake(made.actorOf("ada"))).toBeUndefined();
    expect([asked, made.asked]).toEqual([["makes ada"], []]);
    const down = roomOf("unreachable", false);
    expect(await down.admission.mayMake(down.actorOf("ada"))).toMatchObject({ code: "overloaded" });
  });
});
