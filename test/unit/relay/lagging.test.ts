// A reader at a relay that lags behind on an open message.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { accept } from "../../../src/protocol/index.ts";
import { TwoSides } from "./support/two-sides.ts";

describe("a reader at a relay that lags behind", () => {
  it("[L141] is sent an open message whole as soon as it has read, though nothing else is said", async () => {
    const sides = new TwoSides();
    const ada = await sides.join("ada");
    await sides.carry();
    const { room } = sides;
    const input = { id: "m", data: '{"text":""}', stream: true } as const;
    const opened = room.call(SERVER, (turn) => room.room.publisher.publish(SERVER, input, turn));
    const { seq } = opened.ok ? opened.value : expect.fail();
    let n = 0;
    const append = async (text: string) => {
      room.call(SERVER, (turn) => {
        room.room.producing.append(SERVER, { seq, n: ++n, text }, turn);
        return accept(undefined);
      });
      room.later(250);
      await sides.carry();
    };
    await append("one ");
    expect(ada.socket.ofType("append")).toHaveLength(1);
    ada.socket.unsent = 300_000;
    // The relay looks four times a second.
    for (const text of ["two ", "three ", "four"]) await append(text);
    ada.socket.take();
    expect(sides.relay.dueAt(room.now)).toBe(room.now + 250);
    sides.relay.look();
    await sides.carry();
    expect(ada.socket.take()).toEqual([]);
    ada.socket.unsent = 0;
    sides.relay.look();
    await sides.carry();
    expect(ada.socket.ofType("stream")).toMatchObject([{ seq, n: 4, data: { text: "one two three four" } }]);
    expect(sides.relay.dueAt(room.now)).toBeNull();
  });

  it("[L141] is closed if it reads nothing for 30 seconds, and comes back", async () => {
    const sides = new TwoSides();
    const ada = await sides.join("ada");
    await sides.carry();
    const { room } = sides;
    const input = { id: "m", data: '{"text":""}', stream: true } as const;
    room.call(SERVER, (turn) => room.room.publisher.publish(SERVER, input, turn));
    ada.socket.unsent = 300_000;
    room.later(250);
    sides.say("seen");
    await sides.carry();
    for (let second = 0; second < 30; second++) {
      expect(ada.socket.closed).toBeUndefined();
      room.now += 1_000;
      sides.relay.look();
    }
    expect(ada.socket.closed?.code).toBe(4503);
  });
});
