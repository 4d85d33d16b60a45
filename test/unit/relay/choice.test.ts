import { describe, expect, it } from "vitest";
import { anonymous } from "../../../src/access/identity.ts";
import { chooseRelay, chosenSoFar, placeKeyOf } from "../../../src/room/relays/relay-choice.ts";

const places = (count: number, region = "") =>
  Array.from({ length: count }, (_, at) => ({ number: at + 1, region, hasPlace: true }));
const users = Array.from({ length: 3_000 }, (_, at) => `user u${at}`);

describe("the relay of a connection", () => {
  it("[L8] is the same for all connections of a user, and of an address", () => {
    const user = { id: "ada", name: "Ada" };
    const identity = { kind: "user", user, expiresAt: 1, issuedAt: 0 } as const;
    expect(placeKeyOf(identity)).toBe(
      placeKeyOf({ ...identity, user: { id: "ada", name: "Other" }, issuedAt: 5 }),
    );
    expect(placeKeyOf(anonymous("192.0.2.1"))).not.toBe(placeKeyOf(anonymous("192.0.2.2")));
    for (const key of users) expect(chooseRelay(places(4), key, "")).toEqual(chooseRelay(places(4), key, ""));
  });

  it("[L8] moves for those only who go to one that is added, and all have about as many", () => {
    const [few, more] = [places(4), places(5)];
    const counts = new Map<number, number>();
    for (const key of users) {
      const [before, after] = [chooseRelay(few, key, "")?.number, chooseRelay(more, key, "")?.number ?? 0];
      if (after !== 5) expect(after).toBe(before);
      counts.set(after, (counts.get(after) ?? 0) + 1);
    }
    for (const relay of more) expect(Math.abs((counts.get(relay.number) ?? 0) - 600)).toBeLessThan(120);
  });

  it("[L145] may be one that was chosen when there were fewer: all of these are known", () => {
    let most = 0;
    for (const key of users) {
      const were = Array.from({ length: 40 }, (_, at) => chooseRelay(places(at + 1), key, "")?.number);
      const chosen = chosenSoFar(places(40).toReversed(), key, "").map(({ number }) => number);
      expect(chosen).toEqual([...new Set(were)]);
      most = Math.max(most, chosen.length);
    }
    expect(most).toBeLessThan(15);
    expect(chosenSoFar(places(2, "weur"), "user u1", "apac")).toEqual([]);
  });

  it("[L10] is one of the region of the client, and has a place", () => {
    const all = [...places(2, "weur"), { number: 3, region: "apac", hasPlace: true }];
    for (const key of users.slice(0, 50)) {
      expect(chooseRelay(all, key, "apac")?.number).toBe(3);
      expect(chooseRelay(all, key, "sam")).toBe(undefined);
      const full = all.map((relay) => ({ ...relay, hasPlace: relay.number !== 1 }));
      expect(chooseRelay(full, key, "weur")?.number).toBe(2);
    }
  });
});
