import { describe, expect, it } from "vitest";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import { NONE_REVOKED, revokeAllTokens } from "../../../src/object/revocation.ts";
import type { SettingsPatch } from "../../../src/room/people/room-settings.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

function roomWith(settings: ConstructorParameters<typeof RoomForTest>[0] = {}) {
  const test = new RoomForTest(settings);
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  const mo = test.join("mo", { permission: "moderate" });
  const { moderation } = test.room;
  const kick = (user: string, banSeconds: number, actor: Actor = SERVER) =>
    test.call(actor, (turn) => test.room.moderation.kick(actor, { user, banSeconds }, turn));
  const configure = (patch: SettingsPatch, actor: Actor = SERVER) =>
    test.call(actor, (turn) => test.room.moderation.configure(actor, patch, turn));
  const purge = () => test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn));
  return { test, ada, bo, mo, moderation, kick, configure, purge };
}

const send = (id: string) => ({ type: "send", id, data: id });
const left = ({ socket }: Person) => socket.ofType("memberLeft").map(({ user }) => user);
const refusal = (test: RoomForTest, { state }: Person) => test.room.openingRefusal(state.actor, test.now);

describe("a kick", () => {
  it.each([
    [0, { code: 4403, reason: "forbidden: you were removed, and may come back at once" }],
    [60, { code: 4403, reason: "banned 60000" }],
  ])("[B1] of %i s closes all connections, and the member leaves at once", (banSeconds, closed) => {
    const { test, ada, bo, kick } = roomWith();
    const [second, joining] = [test.join("ada"), test.connect("ada")];
    expect(kick("ada", banSeconds)).toMatchObject({ ok: true });
    for (const { socket } of [ada, second, joining]) expect(socket.closed).toEqual(closed);
    expect(left(bo)).toEqual(["ada"]);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 2, connections: 2 });
    expect(refusal(test, ada)?.code).toBe(banSeconds === 0 ? undefined : "banned");
    expect(test.dueAt).toBe(null);
  });

  it("[B1] also removes once a member whose connection was lost before", () => {
    const { test, ada, bo, kick } = roomWith();
    ada.leave("lost");
    expect(left(bo)).toEqual([]);
    kick("ada", 5);
    test.later(10_000);
    expect(left(bo)).toEqual(["ada"]);
    kick("ada", 5);
    kick("nobody", 5);
    test.flush();
    expect(left(bo)).toEqual(["ada"]);
  });

  it("[B1][M1] lets what came before it take effect, and nothing after it", () => {
    const { test, ada, bo } = roomWith();
    ada.say(send("1"));
    test.room.enqueue({
      ...{ kind: "call", actor: SERVER, cost: 1, refused: () => {} },
      run: (turn) => test.room.moderation.kick(SERVER, { user: "ada", banSeconds: 5 }, turn),
    });
    ada.say(send("2"));
    test.flush();
    expect(bo.seqs).toEqual([1]);
    expect(ada.seqs).toEqual([1]);
    expect(ada.socket.ofType("ok")).toMatchObject([{ id: "1" }]);
    expect(test.log.head).toBe(1);
  });
});

describe("a ban", () => {
  it("[B2] refuses sockets, calls and new tokens, with the remaining time, until it ends", () => {
    const { test, ada, kick } = roomWith();
    const { actor } = ada.state;
    kick("ada", 60);
    test.now += 20_000;
    expect(refusal(test, ada)).toMatchObject({ code: "banned", retryAfterMs: 40_000 });
    const said = () =>
      test.call(actor, (turn) => test.room.publisher.publish(actor, { id: "x", data: "1" }, turn));
    expect(said()).toMatchObject({ ok: false, refusal: { code: "banned" } });
    expect(test.log.head).toBe(0);
    test.now += 39_999;
    expect(refusal(test, ada)?.code).toBe("banned");
    test.now += 1;
    expect(refusal(test, ada)).toBe(undefined);
    expect(said()).toMatchObject({ ok: true });
  });

  it("[B2] survives a restart and a purge, ends by an unban, and does not affect others", () => {
    const { test, ada, bo, kick, purge } = roomWith();
    kick("ada", 60);
    test.restart("crash");
    expect(refusal(test, ada)?.code).toBe("banned");
    purge();
    expect(refusal(test, ada)?.code).toBe("banned");
    expect(refusal(test, bo)).toBe(undefined);
    expect(test.room.moderation.bans(SERVER, undefined, test.now)).toMatchObject({
      value: { bans: [{ user: "ada", by: null }], more: false },
    });
    test.call(SERVER, (turn) => test.room.moderation.unban(SERVER, "ada", turn));
    expect(refusal(test, ada)).toBe(undefined);
    expect(test.room.moderation.bans(SERVER, undefined, test.now)).toMatchObject({ value: { bans: [] } });
  });

  it("[B2] is replaced by the last one, and a kick without a ban leaves it", () => {
    const { test, ada, kick } = roomWith();
    kick("ada", 600);
    kick("ada", 5);
    kick("ada", 0);
    expect(refusal(test, ada)).toMatchObject({ retryAfterMs: 5_000 });
  });

  it("[B2] keeps the room while it lasts, if nothing else does", () => {
    const { test, kick } = roomWith();
    kick("ada", 5);
    expect(test.isKept).toBe(true);
    expect(test.room.life(test.now + 5_000).isKept).toBe(false);
  });
});

describe("revoked tokens", () => {
  const revokedAt = (now: number) => revokeAllTokens(NONE_REVOKED, 0, now);

  it("[B7][B9] stay revoked: the time never moves back and is never forgotten, and open connections are closed", () => {
    const { test, ada, bo, kick } = roomWith();
    const revoke = (at: number) => test.room.moderation.revoke("ada", revokedAt(at), { now: test.now });
    revoke(test.now);
    expect(ada.socket.closed).toMatchObject({ code: 4401 });
    test.later(5_000);
    expect(left(bo)).toEqual(["ada"]);
    revoke(test.now - 9_000);
    kick("ada", 5);
    test.room.moderation.forget("ada");
    test.room.moderation.recordRevocation("ada", NONE_REVOKED, { now: test.now }, "with the next flush");
    test.later(5_000);
    for (const how of ["hibernate", "crash"] as const) {
      expect(refusal(test, ada)).toMatchObject({ code: "token_expired" });
      expect(refusal(test, bo)).toBe(undefined);
      test.restart(how);
    }
  });

  it("[B9] stay revoked in a room that forgot a user and asks again, and in one that is only notified", () => {
    const { test } = roomWith();
    const { moderation } = test.room;
    const known = () => moderation.isKnownTo("ada");
    expect(known()).toBe(false);
    moderation.recordRevocation("ada", NONE_REVOKED, { now: test.now }, "with the next flush");
    expect(known()).toBe(true);
    moderation.revoke("ada", revokedAt(test.now), { now: test.now });
    expect(known()).toBe(true);
    moderation.forget("ada");
    moderation.revoke("ada", revokedAt(test.now + 1_000), { now: test.now });
    expect(known()).toBe(false);
  });

  it("[B10] close only what was opened with one of them if the room is notified late", () => {
    const { test, bo } = roomWith();
    const before = test.now;
    test.now += 70_000;
    const fresh = test.join("ada", { issuedAt: before + 61_000 });
    test.room.moderation.revoke("ada", revokedAt(before), { now: test.now });
    expect(fresh.socket.closed).toBe(undefined);
    expect(test.opened("ada")).toBe(1);
    expect(bo.socket.closed).toBe(undefined);
  });
});

describe("many bans", () => {
  it("[B18] are listed 1,000 at a time, the next to end first, each once", () => {
    const { test, ada, kick } = roomWith();
    for (let n = 0; n < 2_100; n++) kick(`u${n}`, 1 + (n % 700));
    test.now += 100_000;
    const seen: string[] = [];
    let after: string | undefined;
    for (let more = true; more; ) {
      const page = test.room.moderation.bans(SERVER, after, test.now);
      if (!page.ok) throw new Error(page.refusal.message);
      seen.push(...page.value.bans.map(({ user }) => user));
      expect(page.value.bans.length).toBeLessThanOrEqual(1_000);
      more = page.value.more;
      after = seen.at(-1);
    }
    // 100 of each 700 are over.
    expect([seen.length, new Set(seen).size]).toEqual([1_800, 1_800]);
    expect(seen[0]).toBe("u100");
    for (const nobody of ["ada", "u0"])
      expect(test.room.moderation.bans(SERVER, nobody, test.now)).toMatchObject({
        refusal: { code: "not_found", path: ["after"] },
      });
    expect(test.room.moderation.bans(ada.state.actor, undefined, test.now)).toMatchObject({ ok: false });
  });
});

describe("a purge", () => {
  it("[B4] closes all connections with 4410, whatever they are doing", () => {
    const { test, ada, bo, purge } = roomWith({ historyLimit: 3_000 });
    for (let n = 0; n < 1_200; n++) ada.say(send(`${n}`));
    test.flush();
    const paging = test.join("cy", { since: `${test.log.epoch}.0` });
    const [nobody, joining] = [test.join(null), test.connect("di", { since: `${test.log.epoch}.5` })];
    paging.say({ type: "history", id: "h", after: 1_000 });
    ada.say({ type: "topics", id: "t", topics: null }, send("before"));
    test.join("ed").leave("lost");
    paging.socket.take();
    const { epoch } = test.log;
    purge();
    for (const { socket } of [ada, bo, paging, nobody, joining]) {
      expect(socket.closed).toEqual({ code: 4410, reason: "deleted" });
    }
    expect(paging.socket.take()).toEqual([]);
    expect(test.log.epoch).not.toBe(epoch);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 0, connections: 0 });
    expect(test.log).toMatchObject({ head: 0, floor: 0 });
    expect(test.join("ada", { since: `${epoch}.5` }).socket.events).toMatchObject([
      { type: "connected", recovery: "lost", head: 0, floor: 0 },
      { type: "caughtUp", seq: 0 },
    ]);
  });

  it("[B4] leaves nothing of the old log to be found by id, cursor or number", () => {
    const { test, ada, purge } = roomWith({ historyLimit: 5 });
    for (let n = 1; n <= 9; n++) ada.send(`m${n}`);
    const { epoch } = test.log;
    purge();
    const back = test.join("ada");
    expect(back.ask({ type: "edit", id: "e", seq: 9, data: 1 })).toMatchObject({ code: "not_found" });
    expect(back.ask({ ...send("m9"), retryOf: `${epoch}.8` })).toMatchObject({ code: "stale_retry" });
    expect(back.ask({ ...send("m9"), replyTo: 9 })).toMatchObject({ code: "not_found" });
    expect(back.ask(send("m9"))).toEqual({ type: "ok", id: "m9", seq: 1, at: test.now });
    test.restart("crash");
    expect(test.log).toMatchObject({ head: 1, floor: 0 });
    expect(test.join("ada").seqs).toEqual([1]);
  });

  it("[B4] that fails leaves everything as it was", () => {
    const { test, ada, purge } = roomWith();
    ada.send("1");
    const { epoch } = test.log;
    test.database.failOn = /^DROP TABLE/;
    expect(purge()).toMatchObject({ ok: false, refusal: { code: "internal" } });
    test.database.failOn = undefined;
    expect(ada.socket.closed).toBe(undefined);
    expect(test.log).toMatchObject({ epoch, head: 1 });
    ada.send("2");
    expect(ada.seqs).toEqual([1, 2]);
  });
});

describe("the settings of a room", () => {
  const OWN = { slowModeMs: 700, maxConnections: 9, historyLimit: 20, historySeconds: 0, maxAgentTurns: 3 };

  it("[B6] survive restarts and purges, and are what connected states", () => {
    const { test, configure, purge } = roomWith({ historyLimit: 50 });
    expect(configure(OWN)).toEqual({ ok: true, value: OWN });
    test.restart("crash", { historyLimit: 90 });
    purge();
    test.restart("hibernate", { historyLimit: 60 });
    expect(test.room.settings.own).toEqual(OWN);
    expect(test.join("ada").socket.ofType("connected")).toMatchObject([{ limits: { slowModeMs: 700 } }]);
    expect(test.isKept).toBe(true);
    expect(configure({})).toMatchObject({ value: OWN });
  });

  it("[B6] have a historyLimit for server code; a refused patch changes nothing", () => {
    const { test, ada, mo, configure } = roomWith();
    const before = test.room.settings.own;
    expect(configure({ slowModeMs: 5 }, ada.state.actor)).toMatchObject({ refusal: { code: "forbidden" } });
    const patch = { slowModeMs: 5, historyLimit: 5 };
    expect(configure(patch, mo.state.actor)).toMatchObject({ refusal: { path: ["historyLimit"] } });
    expect(configure({ slowModeMs: 5, maxConnections: 10_001 })).toMatchObject({
      refusal: { code: "bad_request", path: ["maxConnections"] },
    });
    expect(test.room.settings.own).toEqual(before);
    expect(configure({ slowModeMs: 5 }, mo.state.actor)).toMatchObject({ ok: true });
  });

  it("[B6][F9] with a smaller historyLimit remove messages at once, also during a replay", () => {
    const { test, ada, configure } = roomWith({ historyLimit: 3_000 });
    for (let n = 1; n <= 1_500; n++) ada.say(send(`${n}`));
    test.flush();
    const [kept, lost] = [0, 0].map(() => test.join("cy", { since: `${test.log.epoch}.0` }));
    configure({ historyLimit: 500 });
    expect(test.log.floor).toBe(1_000);
    expect(kept?.ask({ type: "history", id: "h", after: 1_000 })).toMatchObject({ type: "ok", seq: 1_500 });
    configure({ historyLimit: 499 });
    expect(lost?.ask({ type: "history", id: "h", after: 1_000 })).toMatchObject({ code: "not_found" });
    expect([...test.database.sql.exec("SELECT COUNT(*) AS rows FROM log")]).toEqual([{ rows: 499 }]);
    configure({ historyLimit: 5_000 });
    expect(test.log.floor).toBe(1_001);
  });

  it.each([/^UPDATE room SET slow/, /^CREATE TABLE moved/, /^UPDATE room SET ring/])(
    "[B6][S14] that cannot be written (%s) stay as they were, in memory and after a restart",
    (statement) => {
      const { test, ada, configure } = roomWith({ historyLimit: 50 });
      for (let n = 1; n <= 9; n++) ada.send(`${n}`);
      test.database.failOn = statement;
      expect(configure({ historyLimit: 5, slowModeMs: 9 })).toMatchObject({ refusal: { code: "internal" } });
      test.database.failOn = undefined;
      for (const how of ["hibernate", "crash"] as const) {
        expect(test.room.settings.own).toMatchObject({ historyLimit: 50, slowModeMs: 0 });
        expect(test.log).toMatchObject({ head: 9, floor: 0 });
        test.restart(how);
      }
      expect(configure({ historyLimit: 5 })).toMatchObject({ ok: true });
      expect(test.log.floor).toBe(4);
    },
  );
});
