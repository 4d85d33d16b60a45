// How rooms learn which tokens are revoked.

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { RoomObject } from "../../src/room/runtime/room-object.ts";
import { UserObject } from "../../src/user/runtime/user-object.ts";
import { until } from "../support/until.ts";
import { dated, disconnect, intoRoom, VOID, WINDOW_MS } from "./support/disconnect.ts";
import { crash, failWrites, sleep, stopClock } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  fill,
  join,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

beforeEach(() => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  onTestFinished(() => info.mockRestore());
});

describe("a room that cannot be reached", () => {
  async function broken() {
    const user = uniqueName("user");
    const [room, well] = [uniqueName("broken"), uniqueName("well")];
    const now = stopClock();
    const old = await join(room, user, { expiresInS: 90_000 });
    const other = await join(well, user);
    const heal = await failWrites(roomObject(room), (query) => query.startsWith("INSERT INTO users"));
    expect(await disconnect(user)).toBe(1);
    expect((await other.closed).code).toBe(4401);
    await old.settled();
    return { user, room, now, old, heal };
  }

  it("[B7] is notified again by the alarm, until it knows", async () => {
    const { user, room, now, old, heal } = await broken();
    for (const later of [10_000, 20_000]) {
      stopClock(now + later);
      await runDurableObjectAlarm(userObject(user));
      await old.settled();
    }
    heal();
    await runDurableObjectAlarm(userObject(user));
    expect(await old.closed).toEqual({ code: 4401, reason: "token_expired 61000" });
    stopClock(now + WINDOW_MS);
    expect(await intoRoom(room, await dated(user, now, 0))).toBe(VOID);
  });

  it("[B7] and is notified late closes only what is open with a revoked token", async () => {
    const { user, room, now, old, heal } = await broken();
    stopClock(now + 61_000);
    const next = await join(room, user);
    heal();
    await runDurableObjectAlarm(userObject(user));
    expect((await old.closed).code).toBe(4401);
    await fill(next, 1);
    expect(next.ofType("message")).toHaveLength(1);
  });

  it("[B7] does not delay the others: hundreds are notified, in portions", async () => {
    const user = uniqueName("everywhere");
    const failing = new Set(["room7", "room300"]);
    const notified: string[] = [];
    const ROOMS = {
      getByName: (name: string) => ({
        revoke: async () => {
          if (failing.has(name)) throw new Error("unreachable");
          notified.push(name);
          return true;
        },
      }),
    };
    const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => silenced.mockRestore());
    await runInDurableObject<UserObject, void>(userObject(user), async (object) => {
      Reflect.set(object, "env", { ...env, ROOMS });
      for (let at = 0; at < 1_200; at++) object.registerRoom(`room${at}`, null);
    });
    await disconnect(user);
    expect(notified.length).toBeGreaterThanOrEqual(498);
    // The alarm may run by itself meanwhile.
    const untilTold = (count: number) =>
      until(async () => {
        await runDurableObjectAlarm(userObject(user));
        expect(new Set(notified).size).toBe(count);
      });
    await untilTold(1_198);
    failing.clear();
    await untilTold(1_200);
  });
});

describe("the question of a room to a user's object", () => {
  function watchQuestions() {
    const opened = vi.spyOn(UserObject.prototype, "registerRoom");
    const revoke = vi.spyOn(RoomObject.prototype, "revoke");
    onTestFinished(() => {
      opened.mockRestore();
      revoke.mockRestore();
    });
    return { opened, revoke };
  }

  it("[B8] is asked at the user's first opening only, also after restarts of both", async () => {
    const user = uniqueName("user");
    const room = uniqueName("asks");
    const { opened, revoke } = watchQuestions();
    const ada = await join(room, user);
    expect(opened.mock.calls).toEqual([[room, null]]);
    await fill(ada, 3);
    await join(room, user);
    await callAs(await tokenFor(user), "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    for (const restart of [sleep, crash]) {
      await restart(roomObject(room));
      await join(room, user);
    }
    expect(opened).toHaveBeenCalledTimes(1);
    await join(room, uniqueName("another"));
    await join(uniqueName("elsewhere"), user);
    expect(opened).toHaveBeenCalledTimes(3);
    expect(revoke).not.toHaveBeenCalled();
    await disconnect(user);
    expect(revoke).toHaveBeenCalledTimes(2);
    expect(opened).toHaveBeenCalledTimes(3);
  });

  it("[B8] refuses a first opening with a temporary error if it fails, and leaves nothing; the next one asks", async () => {
    const user = uniqueName("user");
    const room = uniqueName("asks");
    const ada = await join(room, "ada");
    const { opened } = watchQuestions();
    opened.mockImplementationOnce(() => {
      throw new Error("not now");
    });
    const token = await tokenFor(user);
    expect(await intoRoom(room, token)).toBe("4503 overloaded 1000");
    await ada.settled();
    expect(ada.ofType("memberJoined")).toEqual([]);
    expect(await intoRoom(room, token)).toBe("connected");
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it("[B8] is asked again by a room that was removed, and a notification does not create the room", async () => {
    const user = uniqueName("user");
    const room = uniqueName("forgotten");
    const now = stopClock();
    expect(await intoRoom(room, await dated(user, now, 0))).toBe("connected");
    await roomHas(room, 0);
    const later = now + 3 * 3_600_000;
    stopClock(later);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    await disconnect(user);
    const tables = await runInDurableObject(roomObject(room), (_, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
    const { opened } = watchQuestions();
    stopClock(later + WINDOW_MS);
    expect(await intoRoom(room, await dated(user, later, 0))).toBe(VOID);
    expect(await intoRoom(room, await dated(user, later, 61))).toBe("connected");
    expect(opened.mock.calls).toEqual([[room, null]]);
  });

  it("[B8] is not asked for anonymous readers and polls without wait", async () => {
    const { opened } = watchQuestions();
    const room = uniqueName("public_asks");
    await join(room, null);
    await callAs(await tokenFor(uniqueName("poller")), "GET", `/v1/rooms/${room}/events`);
    await callAsServer("GET", `/v1/rooms/${room}/events?wait=1`);
    expect(opened).not.toHaveBeenCalled();
  });
});
