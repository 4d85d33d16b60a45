// The end of a connection as the other side of the TCP connection sees it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import { BareSocket } from "./support/bare-socket.ts";
import {
  callAsServer,
  Guests,
  startTestServer,
  storedIn,
  tokenFor,
  uniqueName,
  waitFor,
} from "./support/world.ts";

/** An object ends a socket that it closed 10 s later at the earliest if its client never sent anything. */
const AT_ONCE_MS = 5_000;

describe.concurrent("the end of a connection", () => {
  const guests = new Guests();
  let server: LocalServer;

  beforeAll(async () => {
    server = await startTestServer({ MAX_CONNECTIONS_PER_USER: 1 });
  });
  afterAll(async () => {
    guests.close();
    await server?.stop();
  });

  async function endsAtOnce(socket: BareSocket, reason: string): Promise<void> {
    await waitFor(`the close ${reason}`, () => socket.text.includes(reason));
    const closedAt = Date.now();
    socket.close(1000);
    await socket.ended;
    expect(Date.now() - closedAt).toBeLessThan(AT_ONCE_MS);
    socket.destroy();
  }

  const ROOM = "/v1/rooms/endings/connect";

  it("[A44] comes with the close of a refusal by the Worker, to a client that never sent anything", async () => {
    await endsAtOnce(await BareSocket.open(server.port, ROOM, "nonsense"), "unauthorized");
    const none = await tokenFor("nobody", 3_600, {});
    await endsAtOnce(await BareSocket.open(server.port, ROOM, none), "forbidden");
    await endsAtOnce(
      await BareSocket.open(server.port, `${ROOM}?history=x`, await tokenFor("x")),
      "bad_request",
    );
  });

  it("[A44] comes with the close of a refusal by an object: banned, full, revoked", async () => {
    const [room, user] = [uniqueName("banned"), uniqueName("ada")];
    await callAsServer(server, "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    const ban = await fetch(`${server.url}/v1/rooms/${room}/kick`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.apiKey}` },
      body: JSON.stringify({ user, banSeconds: 60 }),
    });
    expect(ban.ok).toBe(true);
    const path = (name: string) => `/v1/rooms/${name}/connect`;
    await endsAtOnce(await BareSocket.open(server.port, path(room), await tokenFor(user)), "banned");
    const full = uniqueName("full");
    const first = await BareSocket.open(server.port, path(full), await tokenFor(user));
    await waitFor("the first is in", () => first.text.includes("caughtUp"));
    await endsAtOnce(await BareSocket.open(server.port, path(full), await tokenFor(user)), "room_full");
    const session = await BareSocket.open(server.port, "/v1/connect", await tokenFor(user));
    await waitFor("the session is in", () => session.text.includes("caughtUp"));
    await endsAtOnce(await BareSocket.open(server.port, "/v1/connect", await tokenFor(user)), "room_full");
    first.destroy();
    session.destroy();
  });

  it("[G12] comes at once after a kick to a client that has sent the heartbeat, although the room stays busy", async () => {
    const [room, user] = [uniqueName("kicked"), uniqueName("ada")];
    const talker = guests.enter(server.url, room, "talker");
    await talker.live();
    const busy = setInterval(() => void talker.room.signal("x", 1), 200);
    const ada = await BareSocket.open(server.port, `/v1/rooms/${room}/connect`, await tokenFor(user));
    await waitFor("ada is in", () => ada.text.includes("caughtUp"));
    ada.send('{"type":"ping"}');
    await waitFor("the pong", () => ada.text.includes("pong"));
    await kick(room, user);
    await endsAtOnce(ada, "forbidden");
    clearInterval(busy);
  });

  it("[G11] does not come if a kicked client withholds its close, but what it still sends is ignored", async () => {
    const [room, user] = [uniqueName("kicked"), uniqueName("ada")];
    const talker = guests.enter(server.url, room, "talker");
    await talker.live();
    const ada = await BareSocket.open(server.port, `/v1/rooms/${room}/connect`, await tokenFor(user));
    await waitFor("ada is in", () => ada.text.includes("caughtUp"));
    ada.send('{"type":"send","id":"1","data":"received"}');
    await talker.receives("received");
    await kick(room, user);
    await waitFor("the close", () => ada.text.includes("forbidden"));
    for (let n = 0; n < 20; n++) ada.send(`{"type":"send","id":"u${n}","data":"unheard"}`);
    ada.send('{"type":"presence","id":"p","status":"busy"}');
    for (let n = 0; n < 20; n++) await talker.room.send(`after ${n}`);
    await talker.receives("after 19");
    expect(talker.texts()).not.toContain("unheard");
    expect(await storedIn(server, room)).not.toContain("unheard");
    expect(talker.room.members.map(({ id }) => id)).toEqual(["talker"]);
    ada.destroy();
  });

  it("[C52] comes at once to the client, because it has sent its first ping by then", async () => {
    const [room, user] = [uniqueName("kicked"), uniqueName("ada")];
    const talker = guests.enter(server.url, room, "talker");
    const ada = guests.enter(server.url, room, user);
    await Promise.all([talker.live(), ada.live()]);
    const busy = setInterval(() => void talker.room.signal("x", 1), 200);
    await kick(room, user);
    const kickedAt = Date.now();
    await waitFor("ada is disconnected", () => ada.room.state.status === "disconnected");
    expect(Date.now() - kickedAt).toBeLessThan(AT_ONCE_MS);
    clearInterval(busy);
  });

  const kick = (room: string, user: string) =>
    fetch(`${server.url}/v1/rooms/${room}/kick`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.apiKey}` },
      body: JSON.stringify({ user, banSeconds: 0 }),
    });
});
