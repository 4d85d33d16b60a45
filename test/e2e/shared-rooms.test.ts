// Several rooms on one session, against a real server. The other tests here run both ways and show that each works as
// on a socket of its own.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RoomHandle } from "../../client/index.ts";
import { inboxOf, sharedRoom } from "../../client/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import {
  callAsServer,
  fastClock,
  Guests,
  startTestServer,
  tokenFor,
  uniqueName,
  waitFor,
} from "./support/world.ts";

const MAX_ROOMS = 50;

interface Listener {
  readonly room: RoomHandle;
  readonly received: unknown[];
  readonly seqs: number[];
}

describe("rooms on a session", () => {
  const guests = new Guests("the session");
  let server: LocalServer;

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterEach(() => guests.close());
  afterAll(() => server?.stop());

  function listen(room: RoomHandle): Listener {
    const received: unknown[] = [];
    const seqs: number[] = [];
    room.on("message", ({ seq, data }) => {
      received.push(data);
      seqs.push(seq);
    });
    return { room, received, seqs };
  }

  const open = (url: string, user: string, names: readonly string[], shared = true) => {
    const client = guests.client(url, user);
    return {
      client,
      rooms: names.map((name) => listen(shared ? sharedRoom(client, name) : client.room(name))),
    };
  };

  const allConnected = (listeners: readonly Listener[]) =>
    waitFor("all rooms are connected", () =>
      listeners.every(({ room }) => room.state.status === "connected"),
    );

  it("[C44][C45] many at once beside own sockets: each receives its room alone, in order, and all the same", async () => {
    const names = Array.from({ length: 12 }, () => uniqueName("many"));
    const ada = open(server.url, "ada", names);
    const bo = open(server.url, "bo", names);
    const cy = open(server.url, "cy", names, false);
    const all = [ada, bo, cy];
    await allConnected(all.flatMap(({ rooms }) => rooms));
    const sends = all.flatMap(({ rooms }, who) =>
      rooms.flatMap(({ room }) =>
        Array.from({ length: 10 }, (_, n) => room.send(`${room.name} ${who} ${n}`)),
      ),
    );
    await Promise.all(sends);
    await waitFor("all have received everything", () =>
      all.every(({ rooms }) => rooms.every(({ received }) => received.length === 30)),
    );
    for (const [at, { room, received, seqs }] of cy.rooms.entries()) {
      expect(seqs).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
      for (const who of [0, 1, 2]) {
        const own = received.filter((text) => String(text).startsWith(`${room.name} ${who} `));
        expect(own).toEqual(Array.from({ length: 10 }, (_, n) => `${room.name} ${who} ${n}`));
      }
      for (const { rooms } of [ada, bo]) expect(rooms[at]).toMatchObject({ received, seqs });
      expect(ada.rooms[at]?.room.members.map(({ id }) => id).sort()).toEqual(["ada", "bo", "cy"]);
    }
  });

  it("[C47] a kick ends one room; the session, its inbox and the other rooms continue", async () => {
    const [user, first, second] = [uniqueName("ada"), uniqueName("kicked"), uniqueName("kept")];
    const { client, rooms } = open(server.url, user, [first, second]);
    const titles: string[] = [];
    const sessions: string[] = [];
    inboxOf(client).on("notification", ({ title }) => titles.push(title));
    inboxOf(client).on("state", ({ status }) => sessions.push(status));
    await allConnected(rooms);
    await callAsServer(server, "POST", `/v1/rooms/${first}/kick`, { user, banSeconds: 60 });
    await waitFor("one has ended", () => rooms[0]?.room.state.status === "disconnected");
    expect(rooms[0]?.room.state).toMatchObject({ error: { code: "banned", retryAfterMs: 60_000 } });
    expect(await rooms[1]?.room.send("still here")).toMatchObject({ seq: 1 });
    await callAsServer(server, "POST", "/v1/notify", { user, title: "news", message: "m" });
    await waitFor("the inbox receives the notification", () => titles.includes("news"));
    expect(sessions.filter((status) => status !== "connecting")).toEqual(["connected"]);
    // A new join is refused in the same way.
    rooms[0]?.room.reconnect();
    await waitFor("it is refused", () => rooms[0]?.room.state.status === "disconnected");
    expect(rooms[0]?.room.state).toMatchObject({ error: { code: "banned" } });
  });

  it("[C48] the 51st room is refused for good until there is a place", async () => {
    const run = uniqueName("crowd");
    const names = Array.from({ length: MAX_ROOMS + 1 }, (_, n) => `${run}_${n}`);
    const { client, rooms } = open(server.url, uniqueName("ada"), names);
    await waitFor("all but one are connected", () => {
      const states = rooms.map(({ room }) => room.state.status);
      return (
        states.filter((status) => status === "connected").length === MAX_ROOMS &&
        !states.includes("connecting")
      );
    });
    const refused = rooms.find(({ room }) => room.state.status === "disconnected")?.room;
    expect(refused?.state).toMatchObject({ error: { code: "too_large" } });
    const left = rooms.find(({ room }) => room !== refused)?.room;
    left?.leave();
    await waitFor("one is left", () => left?.state.status === "disconnected");
    refused?.reconnect();
    expect(await refused?.send("in")).toMatchObject({ seq: 1 });
    client.close();
  });

  it("[J4] a room that is left and opened again at once is connected", async () => {
    const name = uniqueName("again");
    const { client } = open(server.url, uniqueName("ada"), [uniqueName("other")]);
    for (let n = 1; n <= 10; n++) {
      const room = sharedRoom(client, name);
      const sent = room.send(n);
      if (n % 3 !== 0) expect(await sent).toBeDefined();
      else sent.catch(() => {});
      room.leave();
      // Every other time it is left before it is opened again, otherwise held again in the same turn.
      if (n % 2 === 0) await waitFor("it is left", () => room.state.status === "disconnected");
    }
    const last = sharedRoom(client, name);
    await last.send("last");
    expect(last.messages.at(-1)).toMatchObject({ data: "last" });
  });

  it("[C49] a renewed token renews the rooms: a room that it does not open ends, in one with less permission less is allowed", async () => {
    const [user, kept, lost] = [uniqueName("ada"), uniqueName("kept"), uniqueName("lost")];
    let asked = 0;
    const client = guests.client(server.url, user, {
      clock: fastClock,
      getToken: () =>
        ++asked === 1
          ? tokenFor(user, 4, { [kept]: "write", [lost]: "write" })
          : tokenFor(user, 3_600, { [kept]: "read" }),
    });
    const rooms = [kept, lost].map((name) => listen(sharedRoom(client, name)));
    await allConnected(rooms);
    await rooms[0]?.room.send("may write");
    const states: string[] = [];
    rooms[0]?.room.on("state", ({ status }) => states.push(status));
    await waitFor("one has ended", () => rooms[1]?.room.state.status === "disconnected");
    expect(rooms[1]?.room.state).toMatchObject({ error: { code: "forbidden" } });
    await expect(rooms[0]?.room.send("may not")).rejects.toMatchObject({ code: "forbidden" });
    expect([asked, states, rooms[0]?.room.state.status]).toEqual([2, [], "connected"]);
  });

  it("an anonymous client has none", async () => {
    const client = guests.client(server.url, "nobody", { getToken: () => null });
    const room = sharedRoom(client, uniqueName("anonymous"));
    await expect(room.send("never")).rejects.toMatchObject({ code: "unauthorized" });
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
  });
});
