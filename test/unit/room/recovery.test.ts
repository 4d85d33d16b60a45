import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

function roomWith(count: number, historyLimit = 100) {
  const test = new RoomForTest({ historyLimit });
  const ada = test.join("ada");
  for (let i = 1; i <= count; i++) ada.say({ type: "send", id: `m${i}`, data: i });
  test.flush();
  const cursor = (seq: number) => `${test.log.epoch}.${seq}`;
  return { test, ada, cursor };
}

const first = (events: readonly { readonly type: string }[], type: string) =>
  events.find((event) => event.type === type);

describe("first frames", () => {
  it("[F3] without a cursor contain the latest messages, oldest first", () => {
    const { test } = roomWith(80);
    const bo = test.join("bo", { history: 3 });
    expect(first(bo.socket.events, "connected")).toMatchObject({ recovery: "none", head: 80 });
    expect(bo.seqs).toEqual([78, 79, 80]);
    expect(bo.socket.events.at(-1)).toEqual({ type: "caughtUp", seq: 80 });
  });

  it("[F3] with history=0 contain none", () => {
    const { test } = roomWith(5);
    expect(test.join("bo", { history: 0 }).seqs).toEqual([]);
  });

  it("[F4] with a cursor contain everything after it, once", () => {
    const { test, cursor } = roomWith(80);
    const bo = test.join("bo", { since: cursor(77) });
    expect(first(bo.socket.events, "connected")).toMatchObject({ recovery: "complete" });
    expect(bo.seqs).toEqual([78, 79, 80]);
    const cy = test.join("cy", { since: cursor(80) });
    expect(first(cy.socket.events, "connected")).toMatchObject({ recovery: "complete" });
    expect(cy.seqs).toEqual([]);
  });

  it("[F6] with a cursor that the log does not hold are lost, and are those of a new client", () => {
    const { test, cursor } = roomWith(150);
    const latest = test.join("new", { history: 2 }).seqs;
    for (const since of [cursor(151), cursor(49), "other.100", "nonsense", "", `${test.log.epoch}.-1`]) {
      const bo = test.join("bo", { since, history: 2 });
      expect([since, first(bo.socket.events, "connected")]).toMatchObject([
        since,
        { recovery: "lost", floor: 50 },
      ]);
      expect(bo.seqs).toEqual(latest);
    }
    expect(test.join("bo", { since: cursor(50) }).seqs).toHaveLength(100);
  });

  it("[F7] have a floor of head minus the limit, at least 0", () => {
    expect(roomWith(100).test.log.floor).toBe(0);
    expect(roomWith(101).test.log.floor).toBe(1);
  });

  it("[F7][S13] have a floor that never falls; a new limit keeps what it allows", () => {
    const { test, cursor } = roomWith(150);
    test.restart("crash", { historyLimit: 1_000 });
    expect(test.log).toMatchObject({ head: 150, floor: 50 });
    expect(test.join("bo", { since: cursor(50) }).seqs).toHaveLength(100);
    test.restart("crash", { historyLimit: 20 });
    expect(test.log).toMatchObject({ head: 150, floor: 130 });
    expect(test.join("bo", { since: cursor(130) }).seqs).toEqual(
      Array.from({ length: 20 }, (_, i) => 131 + i),
    );
    test.restart("crash", { historyLimit: 100 });
    expect(test.log).toMatchObject({ head: 150, floor: 130 });
    test.join("ada").send("next");
    expect(test.log).toMatchObject({ head: 151, floor: 130 });
  });
});

describe("a replay that is too long for one pass", () => {
  const ask = (after: number, limit = 1_000) => ({ type: "history", id: `p${after}`, after, limit });

  it("[F5] comes page by page, and what is stored meanwhile comes in its page, once", () => {
    const { test, ada, cursor } = roomWith(2_500, 5_000);
    const bo = test.join("bo", { since: cursor(0) });
    expect(first(bo.socket.events, "connected")).toMatchObject({ recovery: "partial" });
    expect(bo.socket.events.at(-1)).toEqual({ type: "caughtUp", seq: 1_000, more: true });
    ada.send("while paging");
    expect(bo.seqs).toHaveLength(1_000);
    expect(bo.ask(ask(1_000))).toMatchObject({ type: "ok", seq: 2_000, more: true });
    // Stored in the flush in which the page is requested, before and after the request.
    ada.say({ type: "send", id: "before", data: 1 });
    bo.say(ask(2_000));
    ada.say({ type: "send", id: "after", data: 2 });
    test.flush();
    const page = bo.socket.events.find(({ id }) => id === "p2000");
    expect(page).toMatchObject({ seq: 2_503 });
    expect(page).not.toHaveProperty("more");
    expect(bo.socket.events.at(-1)).toEqual({ type: "caughtUp", seq: 2_503, floor: 0 });
    ada.send("live");
    expect(bo.seqs.at(-1)).toBe(2_504);
    expect(bo.seqs).toHaveLength(1_001);
  });

  it("[F5] delays the event of an own send to its page; the ok comes at once, also without echo", () => {
    const { test, cursor } = roomWith(1_500, 5_000);
    const bo = test.join("bo", { since: cursor(0) });
    bo.socket.take();
    bo.send("mine", 1, { echo: false });
    expect(bo.socket.take()).toEqual([{ type: "ok", id: "mine", seq: 1_501, at: test.now }]);
    const page = bo.ask(ask(1_000));
    expect(page).toMatchObject({ seq: 1_501 });
    expect(JSON.stringify(page)).toContain('"id":"mine"');
  });

  it("[F5] is cut by size too", () => {
    const test = new RoomForTest({ historyLimit: 1_000 });
    const ada = test.join("ada");
    for (let i = 0; i < 60; i++) ada.say({ type: "send", id: `m${i}`, data: "x".repeat(30_000) });
    test.flush();
    const bo = test.join("bo", { since: `${test.log.epoch}.0` });
    expect(first(bo.socket.events, "connected")).toMatchObject({ recovery: "partial" });
    expect(bo.socket.frames.every((frame) => frame.length <= 1_048_576)).toBe(true);
    expect(bo.seqs.length).toBeLessThan(60);
  });

  it("[F9] is refused with not_found for a page that retention has passed", () => {
    const { test, ada, cursor } = roomWith(1_500, 1_500);
    const bo = test.join("bo", { since: cursor(0) });
    for (let i = 0; i < 1_200; i++) ada.say({ type: "send", id: `n${i}`, data: i });
    test.flush();
    expect(bo.ask(ask(1_000))).toMatchObject({ type: "error", code: "not_found", path: ["after"] });
  });

  it("[F9] is refused also if retention passed the page in the flush in which it was requested", () => {
    const { test, ada, cursor } = roomWith(1_500, 1_500);
    const bo = test.join("bo", { since: cursor(0) });
    bo.say(ask(1_000));
    for (let i = 0; i < 1_200; i++) ada.say({ type: "send", id: `n${i}`, data: i });
    test.flush();
    expect(bo.socket.events.at(-1)).toMatchObject({ type: "error", id: "p1000", code: "not_found" });
  });
});
