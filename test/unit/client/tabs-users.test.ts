// Whose the connection is that tabs share: tabs whose app signs in as another user, and tokens that say something else.

import { describe, expect, it } from "vitest";
import type { TokenAnswer } from "../../../client/connection/transport/token-answer.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import { jwtOf, type OpenTab, type TabOptions, WorldOfTabs } from "../../support/world-of-tabs.ts";

const ends = ({ room }: OpenTab) => [
  room.state.status,
  "error" in room.state ? room.state.error?.code : undefined,
];

/** A tab whose app may sign in as somebody else, without a word to the client. */
async function join(world: WorldOfTabs, claims: object = { sub: "ada" }, options: TabOptions = {}) {
  const app = { answer: (): TokenAnswer => jwtOf(claims), asked: 0 };
  const getToken = () => {
    app.asked += 1;
    return app.answer();
  };
  const tab = await world.join({ getToken, ...options });
  return { app, tab, signIn: (next: object | null) => (app.answer = () => next && jwtOf(next)) };
}

async function say(world: WorldOfTabs, { room }: OpenTab, data: unknown): Promise<number> {
  const sent = room.send(data);
  await world.settle();
  return (await sent).seq;
}

const openWires = ({ wires }: WorldOfTabs) => wires.filter(({ isOver }) => !isOver);

describe("a tab whose app has another user by now", () => {
  it.each(["end", "startOver"] as const)(
    "[C265] leaves the tabs of the former one when somebody comes back to it (%s)",
    async (onUserChange) => {
      const world = new WorldOfTabs();
      const holder = await join(world);
      const second = await join(world, { sub: "ada" }, { onUserChange });
      second.tab.tab.look(false);
      second.signIn({ sub: "bo" });
      second.tab.tab.look(true);
      await world.pass(2_000);
      await say(world, holder.tab, "for ada");
      expect(holder.tab.heard).toEqual([1]);
      if (onUserChange === "end") {
        expect(ends(second.tab)).toEqual(["disconnected", "user_changed"]);
        expect(second.tab.heard).toEqual([]);
      } else {
        await say(world, second.tab, "from bo");
        expect(holder.tab.room.messages.map(({ from }) => from?.id)).toEqual(["ada", "bo"]);
        expect(second.tab.room.user?.id).toBe("bo");
      }
      expect([holder.tab.room.user?.id, holder.tab.states]).toEqual(["ada", ["connected"]]);
    },
  );

  it("[C265] leaves as the holder too, and another tab goes on", async () => {
    const world = new WorldOfTabs();
    const holder = await join(world);
    const second = await join(world);
    holder.signIn({ sub: "bo" });
    holder.tab.tab.look(true);
    await world.pass(2_000);
    expect(ends(holder.tab)).toEqual(["disconnected", "user_changed"]);
    expect([second.tab.isLive, second.tab.room.user?.id, second.tab.lost]).toEqual([true, "ada", 0]);
    expect(world.room.opened("ada")).toBe(1);
  });

  it.each(["reconnects", "wakes", "renews its token"])("[C265] finds it out when it %s", async (when) => {
    const world = new WorldOfTabs();
    const of = (sub: string, at = world.clock.now()) => ({ sub, exp: at / 1_000 + 40 });
    const holder = await join(world, of("ada", world.clock.now() + 1_000_000));
    const second = await join(world, of("ada"));
    second.signIn(of("bo", world.clock.now() + 1_000_000));
    if (when === "reconnects") second.tab.client.reconnect();
    if (when === "wakes") {
      second.tab.tab.freeze(true);
      second.tab.tab.resume();
    }
    await world.pass(when === "renews its token" ? 40_000 : 2_000);
    expect(ends(second.tab)).toEqual(["disconnected", "user_changed"]);
    expect([holder.tab.isLive, holder.tab.room.user?.id]).toEqual([true, "ada"]);
  });

  it("[C265] ends when it has signed out, at the latest when its token has run out", async () => {
    for (const answer of [
      () => null,
      () => {
        throw new RoomsError("unauthorized", "signed out");
      },
    ]) {
      const world = new WorldOfTabs();
      const of = (sub: string, lifeS: number) => ({ sub, exp: world.clock.now() / 1_000 + lifeS });
      const holder = await join(world, of("ada", 1_000));
      const second = await join(world, of("ada", 40));
      second.app.answer = answer;
      await world.pass(42_000);
      // In this world nobody comes in without a token.
      expect(ends(second.tab)).toEqual(["disconnected", "unauthorized"]);
      expect(holder.tab.isLive).toBe(true);
    }
  });

  it("[C265] stays where the token is new and its user is not, and where there is none for the moment", async () => {
    const world = new WorldOfTabs();
    const claims = () => ({ sub: "ada", exp: world.clock.now() / 1_000 + 100 });
    const of = () => jwtOf(claims());
    const holder = await join(world);
    const second = await join(world, claims());
    for (const { app } of [holder, second]) app.answer = of;
    second.tab.tab.look(true);
    await world.pass(2_000);
    second.app.answer = () => {
      throw new Error("no network");
    };
    second.tab.tab.look(true);
    await world.pass(2_000);
    expect(second.app.asked).toBe(3);
    second.app.answer = of;
    await world.pass(300_000);
    expect([second.tab.states, holder.tab.states]).toEqual([["connected"], ["connected"]]);
    // Before each one ran out.
    expect(second.app.asked).toBeGreaterThan(5);
    expect(world.wires).toHaveLength(1);
  });

  it("[C266] is told from the others by the claim that names the user, not by another one with the same value", async () => {
    const world = new WorldOfTabs();
    const ada = await join(world, { sub: "tenant", uid: "ada" });
    // A claim of the other user happens to have the id of this one.
    const bo = await join(world, { sub: "tenant", uid: "bo", manager: "ada" });
    expect([bo.tab.isLive, bo.tab.room.user?.id]).toEqual([true, "bo"]);
    await say(world, bo.tab, "from bo");
    expect(ada.tab.room.messages.map(({ from }) => from?.id)).toEqual(["bo"]);
    expect([world.room.opened("ada"), world.room.opened("bo")]).toEqual([1, 1]);
    const other = await join(world, { sub: "tenant", uid: "ada" });
    expect([other.tab.isLive, world.room.opened("ada")]).toEqual([true, 1]);
  });
});

describe("a tab whose tokens are refused for good", () => {
  const refused = { sub: "ada", jti: "refused" };
  const good = { sub: "ada", jti: "good" };

  async function worldOfTwo(second: object) {
    const world = new WorldOfTabs();
    const tabs = [await join(world, refused), await join(world, second)] as const;
    await say(world, tabs[0].tab, "before");
    world.revoked.add(jwtOf(refused));
    return [world, ...tabs] as const;
  }

  it("[C270] hands the connections over to one whose token is good, and comes back with a good one", async () => {
    const [world, first, second] = await worldOfTwo(good);
    for (const wire of openWires(world)) wire.end(4401, "token_expired");
    await world.pass(70_000);
    expect(ends(first.tab)).toEqual(["disconnected", "token_expired"]);
    expect(second.tab.isLive).toBe(true);
    await say(world, second.tab, "after");
    expect([second.tab.heard, second.tab.lost]).toEqual([[1, 2], 0]);
    first.signIn(good);
    first.tab.client.reconnect();
    await world.settle();
    expect([first.tab.heard, first.tab.lost, openWires(world).length]).toEqual([[1, 2], 0, 1]);
  });

  it("[C270] hands them over at once if its app says so, and nothing comes back: each ends once", async () => {
    const [world, ...tabs] = await worldOfTwo(good);
    for (const { app, tab } of tabs) {
      expect(tab.isLive).toBe(true);
      app.answer = () => {
        throw new RoomsError("unauthorized", "signed out");
      };
      for (const wire of openWires(world)) wire.end(4401, "token_expired");
      await world.pass(2_000);
      expect(ends(tab)).toEqual(["disconnected", "unauthorized"]);
    }
    const { length } = world.wires;
    await world.pass(10_000);
    expect([world.wires.length, tabs.map(({ app }) => app.asked)]).toEqual([length, [2, 2]]);
  });

  it("[C270] keeps them where it has none: another room may need none", async () => {
    const world = new WorldOfTabs();
    const getToken = () => null;
    const [first, second] = [await world.join({ getToken }), await world.join({ getToken })];
    await world.pass(10_000);
    for (const tab of [first, second]) expect(ends(tab)).toEqual(["disconnected", "unauthorized"]);
    expect(new Set(world.wires.map(({ tab }) => tab))).toEqual(new Set([first.tab]));
  });
});

describe("a tab whose app signs a token for each call", () => {
  it("[C271] says it on no connection as somebody comes back to it, but before the old one runs out", async () => {
    const world = new WorldOfTabs();
    const of = () => jwtOf({ sub: "ada", jti: world.clock.now(), exp: world.clock.now() / 1_000 + 3_600 });
    const holder = await join(world);
    const second = await join(world);
    for (const { app, tab } of [holder, second]) {
      app.answer = of;
      tab.client.reconnect();
    }
    await world.pass(2_000);
    const said = () =>
      world.wires.flatMap(({ socket }) => socket.texts.filter((text) => text.includes('"auth"')));
    const before = said().length;
    for (let n = 0; n < 5; n += 1) {
      for (const { tab } of [holder, second]) tab.tab.look(true);
      await world.pass(2_000);
    }
    expect([said().length - before, holder.app.asked]).toEqual([0, 7]);
  });
});

describe("tabs whose tokens permit other rooms", () => {
  const permitting = (rooms: unknown, name = "rooms") => ({ sub: "ada", [name]: rooms });

  it.each([
    { of: "another room", one: permitting({ hall: "write" }), other: permitting({ lobby: "write" }) },
    { of: "less", one: permitting({ lobby: "read" }), other: permitting({ lobby: "write" }) },
    {
      of: "less, as JSON in a claim of another name",
      one: permitting('{"lobby":"read"}', "https://example.com/rooms"),
      other: permitting('{"lobby":"write"}', "https://example.com/rooms"),
    },
  ])("[C267] have connections of their own: one with $of", async ({ one, other }) => {
    const world = new WorldOfTabs();
    const first = await join(world, one);
    const second = await join(world, other);
    expect([first.tab.isLive, second.tab.isLive, world.room.opened("ada")]).toEqual([true, true, 2]);
    const third = await join(world, other);
    expect([third.tab.isLive, world.room.opened("ada")]).toEqual([true, 2]);
  });

  it("[C267] share if the order of the rooms is all that differs", async () => {
    const world = new WorldOfTabs();
    await join(world, permitting({ hall: "read", lobby: "write" }));
    await join(world, permitting({ lobby: "write", hall: "read" }));
    expect(world.room.opened("ada")).toBe(1);
  });

  it("[C267] come together again with their next tokens, nobody is seen to leave, and nothing is lost", async () => {
    const world = new WorldOfTabs();
    const tabs = [
      await join(world, permitting({ lobby: "read" })),
      await join(world, permitting({ lobby: "read" })),
    ];
    const [first, second] = tabs as [(typeof tabs)[0], (typeof tabs)[0]];
    for (const { signIn, tab } of [second, first]) {
      signIn(permitting({ "*": "write" }));
      tab.tab.look(true);
      await world.pass(2_000);
      await say(world, second.tab, "one more");
      expect(world.room.opened("ada")).toBe(tab === first.tab ? 1 : 2);
    }
    for (const { tab } of tabs) expect([tab.isLive, tab.heard, tab.lost]).toEqual([true, [1, 2], 0]);
  });

  it("[C267] hear each why they are refused", async () => {
    const world = new WorldOfTabs();
    const tabs = [await join(world), await join(world)];
    for (const wire of openWires(world)) wire.end(4403, "forbidden: you may not enter this room");
    await world.settle();
    for (const { tab } of tabs) {
      expect(ends(tab)).toEqual(["disconnected", "forbidden"]);
      expect(tab.room.state).toMatchObject({
        error: { message: expect.stringContaining("you may not enter") },
      });
    }
  });
});
