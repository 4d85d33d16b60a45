import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

describe("a page of history", () => {
  const changes = [
    { type: "edit", id: "c", seq: 1, data: "new" },
    { type: "delete", id: "c", seq: 1 },
    { type: "react", id: "c", seq: 1, emoji: "👍", op: "add" },
  ];

  it.each([
    ...changes.map((change) => ["before", change] as const),
    ...changes.map((change) => ["after", change] as const),
  ])(
    "[M7][E9] is as of its answer: a change of the same flush is delivered before it (%s, %o)",
    (way, change) => {
      const test = new RoomForTest();
      const [ada, bo] = [test.join("ada"), test.join("bo", { history: 0 })];
      ada.send("old");
      bo.socket.take();
      // A client that does not hold the message ignores the event, so the page must show the change.
      bo.say({ type: "history", id: "h", ...(way === "before" ? { before: 2 } : { after: 0 }) });
      ada.say(change);
      test.flush();
      const told = bo.socket.take();
      expect(told.map(({ type }) => type).at(-1)).toBe("ok");
      expect(told.at(-1)).toMatchObject({
        [way === "before" ? "messages" : "events"]: [{ seq: 1, changed: 2 }],
      });
    },
  );

  it("[M7][F9] is refused if retention passed it in the flush in which it was requested", () => {
    const test = new RoomForTest({ historyLimit: 3 });
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    ada.send("1");
    bo.say({ type: "history", id: "h", after: 1 });
    for (let n = 2; n < 9; n++) ada.say({ type: "send", id: `${n}`, data: n });
    test.flush();
    expect(bo.socket.events.at(-1)).toMatchObject({ type: "error", id: "h", code: "not_found" });
  });
});
