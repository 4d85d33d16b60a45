// The rules of a room about messages that the deployer's back end judges.

import { describe, expect, it } from "vitest";
import type { Actor } from "../../../src/access/identity.ts";
import type { PublishAct } from "../../../src/room/before-publish.ts";
import { RoomForTest, type RoomTestSettings } from "../../support/room-for-test.ts";

const ASKING: RoomTestSettings = { asksAbout: (event) => event === "chat" };
const SERVER: Actor = { identity: { kind: "server" }, permission: "moderate" };

/** What the rules say of an act of `user` before a question. */
function foreseen(room: RoomForTest, { state }: ReturnType<RoomForTest["join"]>, act: PublishAct) {
  return room.room.beforePublish?.foresee(state.actor, act, room.now);
}

const send = (id: string, more: object = {}): PublishAct => ({
  type: "send",
  input: { id, data: JSON.stringify(id), ...more },
});

describe("a message that is to be judged", () => {
  it("[Z139] is not stored without an answer, whichever way it came; what is not asked about is", () => {
    const test = new RoomForTest(ASKING);
    const ada = test.join("ada");
    const refused = { type: "error", code: "overloaded", retryAfterMs: 1_000 };
    expect(ada.ask({ type: "send", id: "m1", data: 1 })).toMatchObject(refused);
    const { actor } = ada.state;
    const call = test.call(actor, (turn) =>
      test.room.publisher.publish(actor, { id: "m2", data: "2" }, turn),
    );
    expect(call).toMatchObject({ ok: false, refusal: { code: "overloaded" } });
    const byServer = test.call(SERVER, (turn) =>
      test.room.publisher.publish(SERVER, { id: "m3", data: "3", from: { id: "ada" } }, turn),
    );
    expect(byServer).toMatchObject({ ok: true, value: { seq: 1 } });
    expect(ada.ask({ type: "edit", id: "e1", seq: 1, data: 4 })).toMatchObject(refused);
    expect(ada.ask({ type: "send", id: "m4", data: 5, event: "note" })).toMatchObject({ type: "ok", seq: 2 });
    expect(test.log.find(1)?.data).toBe("3");
    expect(test.log.head).toBe(2);
  });

  it("[Z129] pays once, also where it is refused, and a repeat needs no question", () => {
    const test = new RoomForTest({ ...ASKING, ratePerSecond: 0.001, rateBurst: 3 });
    const ada = test.join("ada");
    expect(foreseen(test, ada, send("m1"))).toMatchObject({ kind: "question" });
    test.room.enqueue({
      kind: "command",
      connection: ada.connection,
      command: { type: "send", id: "m1", data: "m1" },
      asked: { ruling: { data: '"changed"', flag: "seen" } },
    });
    test.flush();
    expect(test.log.find(1)).toMatchObject({ data: '"changed"', meta: { flag: "seen" } });
    expect(foreseen(test, ada, send("m1"))).toEqual({ kind: "repeat" });
    expect(foreseen(test, ada, send("m2", { data: JSON.stringify("x".repeat(40_000)) }))).toMatchObject({
      kind: "refused",
      refusal: { code: "too_large" },
    });
    expect(foreseen(test, ada, send("m3"))).toMatchObject({
      kind: "refused",
      refusal: { code: "rate_limited" },
    });
    // What is not asked about is neither looked at nor paid for here.
    expect(foreseen(test, ada, send("m4", { event: "note" }))).toBeUndefined();
  });

  it("[Z134] is judged again in its flush: by bans, the log and slow mode", () => {
    const test = new RoomForTest(ASKING);
    const ada = test.join("ada");
    const [first, second] = ["m1", "m2"].map((id) => ({
      kind: "command" as const,
      connection: ada.connection,
      command: { type: "send" as const, id, data: id },
      asked: { ruling: {} },
    }));
    test.room.settings.change({ slowModeMs: 60_000 });
    for (const work of [first, first, second]) if (work !== undefined) test.room.enqueue(work);
    test.flush();
    const answers = ada.socket.events.filter(({ type }) => type === "ok" || type === "error");
    expect(answers).toMatchObject([
      { id: "m1", seq: 1 },
      { id: "m1", seq: 1, duplicate: true },
      { id: "m2", code: "rate_limited" },
    ]);
  });
});
