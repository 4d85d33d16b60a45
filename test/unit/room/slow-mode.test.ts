import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import { RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const send = (id: string, more: object = {}) => ({ type: "send", id, data: id, ...more });
const TOO_SOON = { type: "error", code: "rate_limited" };

function slowRoom(slowModeMs = 1_000, historyLimit = 100) {
  const test = new RoomForTest({ historyLimit });
  const slow = (ms: number) =>
    test.call(SERVER, (turn) => test.room.moderation.configure(SERVER, { slowModeMs: ms }, turn));
  slow(slowModeMs);
  return { test, slow, ada: test.join("ada"), bo: test.join("bo") };
}

describe("slow mode", () => {
  it("[B5] makes a user wait between two messages, on all their connections; others need not wait", () => {
    const { test, ada, bo } = slowRoom();
    expect(ada.socket.ofType("connected")).toMatchObject([{ limits: { slowModeMs: 1_000 } }]);
    expect(ada.ask(send("1"))).toMatchObject({ seq: 1 });
    expect(bo.ask(send("1"))).toMatchObject({ seq: 2 });
    expect(ada.ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 1_000 });
    test.now += 999;
    expect(test.join("ada").ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 1 });
    test.now += 1;
    expect(ada.ask(send("2"))).toMatchObject({ seq: 3 });
  });

  it("[B5] applies between any two messages, edits and reactions of a user", () => {
    const { test, ada, bo } = slowRoom();
    const acts = [
      send("1"),
      { type: "edit", id: "e", seq: 1, data: 2 },
      { type: "react", id: "r", seq: 1, emoji: "👍", op: "add" },
      { type: "react", id: "q", seq: 1, emoji: "👍", op: "remove" },
    ];
    for (const [at, act] of acts.entries()) {
      expect(ada.ask(act)).toMatchObject({ type: "ok", seq: at + 1 });
      for (const next of acts
        .slice(1)
        .toReversed()
        .slice(at === 3 ? 1 : 0, 2)) {
        const { head } = test.log;
        // What changes nothing is answered, and what is refused for another reason states that reason.
        if (next.id === "q" && at < 2) expect(ada.ask(next)).toMatchObject({ type: "ok", seq: 0 });
        else if (next.id === "r" && at === 2) expect(ada.ask(next)).toMatchObject({ type: "ok", seq: 0 });
        else expect(ada.ask(next)).toMatchObject({ ...TOO_SOON, retryAfterMs: 1_000 });
        expect(test.log.head).toBe(head);
      }
      expect(ada.ask(send("next"))).toMatchObject(TOO_SOON);
      expect(ada.ask({ type: "edit", id: "f", seq: 1, data: 3 })).toMatchObject(TOO_SOON);
      test.now += 1_000;
    }
    expect(bo.ask({ type: "react", id: "b", seq: 1, emoji: "👍", op: "add" })).toMatchObject({ seq: 5 });
    expect(bo.ask(send("b"))).toMatchObject(TOO_SOON);
  });

  it("[M20] does not delay deletions and signals, and counts neither these nor what was refused or changed nothing", () => {
    const { test, ada, bo } = slowRoom();
    expect(ada.ask(send("0", { replyTo: 7 }))).toMatchObject({ code: "not_found" });
    expect(ada.ask({ type: "edit", id: "e", seq: 7, data: 2 })).toMatchObject({ code: "not_found" });
    expect(ada.ask(send("1"))).toMatchObject({ seq: 1 });
    ada.say({ type: "signal", event: "typing" });
    expect(bo.ask({ type: "edit", id: "e", seq: 1, data: 2 })).toMatchObject({ code: "forbidden" });
    expect(bo.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "remove" })).toMatchObject({ seq: 0 });
    expect(bo.ask(send("b"))).toMatchObject({ seq: 2 });
    expect(ada.ask({ type: "delete", id: "d", seq: 1 })).toMatchObject({ seq: 3 });
    expect(ada.ask(send("2"))).toMatchObject(TOO_SOON);
    test.now += 1_000;
    expect(bo.ask({ type: "delete", id: "d", seq: 2 })).toMatchObject({ seq: 4 });
    expect(bo.ask(send("c"))).toMatchObject({ seq: 5 });
    test.database.failOn = /^INSERT INTO log/;
    expect(ada.ask(send("2"))).toMatchObject({ code: "internal" });
    test.database.failOn = /^UPDATE log/;
    const react = { type: "react", id: "r", seq: 5, emoji: "👍", op: "add" };
    expect(ada.ask(react)).toMatchObject({ code: "internal" });
    test.database.failOn = undefined;
    expect(ada.ask(send("2"))).toMatchObject({ seq: 6 });
  });

  it.each(["crash", "hibernate"] as const)("[B5] knows after a %s who edited and who reacted", (how) => {
    const { test, ada, bo } = slowRoom();
    ada.send("1");
    bo.send("1");
    test.now += 1_000;
    const edit = { type: "edit", id: "e", seq: 1, data: 2 };
    const react = { type: "react", id: "r", seq: 2, emoji: "👍", op: "add" };
    expect(ada.ask(edit)).toMatchObject({ seq: 3 });
    test.now += 400;
    expect(test.join("cy").ask(react)).toMatchObject({ seq: 4 });
    test.restart(how);
    for (const [user, retryAfterMs] of [["ada", 600] as const, ["cy", 1_000] as const])
      expect(test.join(user).ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs });
    expect(test.join("bo").ask(send("2"))).toMatchObject({ seq: 5 });
  });

  it("[B5] does not count what moderators do to a message for its author", () => {
    const { test, ada } = slowRoom();
    const mo = test.join("mo", { permission: "moderate" });
    ada.send("1");
    test.now += 1_000;
    expect(mo.ask({ type: "edit", id: "e", seq: 1, data: 2 })).toMatchObject({ seq: 2 });
    expect(mo.ask({ type: "edit", id: "f", seq: 1, data: 3 })).toMatchObject({ seq: 3 });
    test.restart("hibernate");
    expect(ada.ask(send("2"))).toMatchObject({ seq: 4 });
  });

  it("[M14] never makes a user wait longer than its own time, also if the clock was set back", () => {
    const { test, ada, bo } = slowRoom(60_000);
    ada.ask(send("1"));
    bo.ask(send("1"));
    test.now -= 3_600_000;
    expect(ada.ask(send("2"))).toMatchObject({ seq: 3 });
    expect(ada.ask(send("3"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 60_000 });
    // This also applies to the log, whose messages have a future time.
    test.restart("hibernate");
    expect(ada.ask(send("3"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 60_000 });
    expect(bo.ask(send("2"))).toMatchObject({ seq: 4 });
    test.now += 60_000;
    expect(ada.ask(send("3"))).toMatchObject({ seq: 5 });
  });

  it("[B5][S5] does not refuse a repeat, which is answered", () => {
    const { ada } = slowRoom();
    expect(ada.ask(send("1"))).toMatchObject({ seq: 1 });
    expect(ada.ask(send("1"))).toMatchObject({ seq: 1, duplicate: true });
    expect(ada.ask(send("2"))).toMatchObject(TOO_SOON);
  });

  it("[B5] does not apply to moderators and server code, and what they do in a user's name does not count", () => {
    const { test, ada } = slowRoom();
    const mo = test.join("mo", { permission: "moderate" });
    ada.send("0");
    test.now += 1_000;
    for (let n = 2; n < 4; n++) expect(mo.ask(send(`${n}`))).toMatchObject({ seq: n });
    for (let n = 4; n < 6; n++) {
      const input = { id: `s${n}`, data: "1", from: { id: "ada" } };
      const said = test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, input, turn));
      expect(said).toMatchObject({ ok: true, value: { seq: n } });
    }
    // This also applies after a sleep, when only the log knows.
    test.restart("hibernate");
    expect(ada.ask(send("1"))).toMatchObject({ seq: 6 });
  });

  it.each(["crash", "hibernate"] as const)(
    "[B5] also applies after a %s, although the last message was deleted",
    (how) => {
      const { test, ada } = slowRoom();
      ada.send("1");
      ada.ask({ type: "delete", id: "d", seq: 1 });
      test.now += 400;
      test.restart(how);
      const back = how === "crash" ? test.join("ada") : ada;
      expect(back.ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 600 });
      test.now += 600;
      expect(back.ask(send("2"))).toMatchObject({ type: "ok" });
    },
  );

  it("[B5] counts what was sent before it was switched on or off, or its time changed", () => {
    const { test, slow, ada } = slowRoom(0);
    ada.send("1");
    test.now += 300;
    slow(1_000);
    expect(ada.ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 700 });
    slow(0);
    expect(ada.ask(send("2"))).toMatchObject({ type: "ok" });
    test.now += 500;
    slow(600);
    expect(ada.ask(send("3"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 100 });
    slow(60_000);
    expect(ada.ask(send("3"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 59_500 });
    slow(400);
    expect(ada.ask(send("3"))).toMatchObject({ type: "ok" });
    // What was sent while the time was shorter is kept.
    test.now += 5_000;
    slow(60_000);
    expect(ada.ask(send("4"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 55_000 });
  });

  it("[B5] applies to very many users too, also if the time grows", () => {
    const { test, slow, bo } = slowRoom(1_000, 30_000);
    bo.send("0");
    test.now += 100_000;
    test.join("ada").send("1");
    test.now += 2_000;
    for (let n = 0; n <= 10_001; n++) test.connect(`u${n}`).say(send("1"));
    test.flush();
    expect(test.log.head).toBe(10_004);
    slow(60_000);
    expect(test.join("ada").ask(send("2"))).toMatchObject({ ...TOO_SOON, retryAfterMs: 58_000 });
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "[B5] never lets a user send earlier than allowed, in any sequence (seed %i)",
    (seed) => {
      const random = new SeededRandom(seededRandom(seed));
      const { test, slow } = slowRoom(1_000, 1_000);
      const users = ["ada", "bo", "cy"];
      const actedAt = new Map<string, number>();
      const saidLast = new Map<string, unknown>();
      let ms = 1_000;
      for (let step = 0; step < 400; step++) {
        test.now += random.upTo(300);
        const roll = random.next();
        if (roll < 0.1) {
          ms = random.pick([0, 200, 1_000, 5_000]);
          slow(ms);
        } else if (roll < 0.15) test.restart("crash");
        const user = random.pick(users);
        const allowed = test.now - (actedAt.get(user) ?? Number.NEGATIVE_INFINITY) >= ms;
        const seq = saidLast.get(user);
        const edits = seq !== undefined && random.next() < 0.5;
        const id = `${step}`;
        const answer = test.join(user).ask(edits ? { type: "edit", id, seq, data: step } : send(id));
        expect([step, answer?.type]).toEqual([step, allowed ? "ok" : "error"]);
        if (allowed) actedAt.set(user, test.now);
        if (allowed && !edits) saidLast.set(user, answer?.seq);
      }
    },
  );
});
