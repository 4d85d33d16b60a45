import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const signal = (event: string, data: unknown, to?: string) => ({
  ...{ type: "signal", event, data },
  ...(to !== undefined && { to }),
});
const heard = ({ socket }: Person) => socket.ofType("signal").map(({ data }) => data);

function roomWith() {
  const test = new RoomForTest();
  return { test, ada: test.join("ada"), bo: test.join("bo"), cy: test.join("cy") };
}

describe("signals of one flush", () => {
  it("[P9] of one sender with the same event and receiver are reduced to the last, in its place", () => {
    const { test, ada, bo } = roomWith();
    ada.say(signal("typing", 1), signal("cursor", 1), signal("typing", 2), {
      type: "send",
      id: "m",
      data: 1,
    });
    ada.say(signal("typing", 3));
    test.flush();
    expect(heard(bo)).toEqual([1, 3]);
    expect(bo.socket.events.slice(-3).map(({ type }) => type)).toEqual(["signal", "message", "signal"]);
  });

  it("[P9] of another event, receiver, user, connection or flush are all delivered", () => {
    const { test, ada, bo, cy } = roomWith();
    const second = test.join("ada");
    ada.say(signal("a", 1), signal("b", 2), signal("a", 3, "bo"), signal("a", 4, "cy"));
    cy.say(signal("a", 5));
    second.say(signal("a", 6));
    test.flush();
    expect(heard(bo)).toEqual([1, 2, 3, 5, 6]);
    expect(heard(cy)).toEqual([1, 2, 4, 6]);
    expect(heard(ada)).toEqual([5, 6]);
    expect(heard(second)).toEqual([1, 2, 5]);
    ada.say(signal("a", 7));
    test.flush();
    expect(heard(bo).at(-1)).toBe(7);
  });

  it("[P9] of server code are all delivered in its own name, and the last one in a user's name", () => {
    const { test, bo, ada } = roomWith();
    const say = (data: number, more: object = {}) =>
      test.room.enqueue({
        ...{ kind: "call", actor: SERVER, cost: 1, refused: () => {} },
        run: (turn) =>
          test.room.publisher.signal(SERVER, { event: "a", data: `${data}`, ...more }, turn, null),
      });
    for (const data of [1, 2]) say(data);
    for (const data of [3, 4]) say(data, { from: { id: "ada" } });
    for (const data of [5, 6]) say(data, { from: { id: "ada" }, except: "bo" });
    test.flush();
    expect(heard(bo)).toEqual([1, 2, 4]);
    expect(heard(ada)).toEqual([1, 2, 4, 6]);
  });

  it("[P9][T2] that are refused replace none, and filters apply", () => {
    const { test, ada, bo } = roomWith();
    const filtered = test.join("di", { topics: ["a"] });
    ada.say(signal("a", 1), signal("b", 2), signal("a", "x".repeat(40_000)));
    test.flush();
    expect(heard(bo)).toEqual([1, 2]);
    expect(heard(filtered)).toEqual([1]);
  });
});
