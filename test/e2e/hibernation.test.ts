// Objects that really sleep: workerd unloads an object that has had nothing to do for 10 s.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sharedRoom } from "../../client/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { callAsServer, Guests, startTestServer, tokenFor, uniqueName, waitFor } from "./support/world.ts";

/** The one wait for real time, shared by all tests: no question can be asked of an object without waking it. */
const ASLEEP_AFTER_MS = 13_000;
const PING_EVERY_MS = 1_000;

const untilAsleep = () => new Promise((resolve) => setTimeout(resolve, ASLEEP_AFTER_MS));

describe.concurrent("what is left alone", () => {
  const guests = new Guests();
  let server: LocalServer;

  beforeAll(async () => {
    server = await startTestServer({}, { main: "test/worker/support/counting-worker.ts" });
  });
  afterAll(async () => {
    guests.close();
    await server?.stop();
  });

  it("[K8] is unloaded although its sockets are open and ping, and starts again with the next event", async () => {
    const [room, user, restless] = [uniqueName("idle"), uniqueName("ada"), uniqueName("restless")];
    const starts = async (): Promise<Record<string, number>> => (await fetch(`${server.url}/starts`)).json();
    const ada = await Witness.at(server, room);
    const bo = await Witness.at(server, room);
    const phone = await Witness.ofInbox(server, user);
    const laptop = await Witness.ofInbox(server, user);
    const waker = await Witness.at(server, restless);
    await ada.sends("before");
    await waker.sends("before");
    await callAsServer(server, "POST", "/v1/notify", { user, title: "before", message: "m" });
    expect(await starts()).toMatchObject({ [room]: 1, [user]: 1, [restless]: 1 });

    const all = [ada, bo, phone, laptop, waker];
    const pinging = setInterval(() => {
      for (const witness of all) witness.pings();
    }, PING_EVERY_MS);
    await untilAsleep();
    clearInterval(pinging);
    for (const witness of all) expect(witness.pongs).toBeGreaterThan(ASLEEP_AFTER_MS / PING_EVERY_MS - 3);
    // No ping has started an object.
    expect(await starts()).toMatchObject({ [room]: 1, [user]: 1, [restless]: 1 });

    await ada.sends("after");
    await waker.sends("after");
    await callAsServer(server, "POST", "/v1/notify", { user, title: "after", message: "m" });
    // The room and the user were unloaded. The count of an object that must not sleep shows that the measurement works.
    expect(await starts()).toMatchObject({ [room]: 2, [user]: 2, [restless]: 1 });
    await waitFor("all receive it", () =>
      [ada, bo, phone, laptop].every((witness) => witness.received("after")),
    );
    for (const witness of all) {
      expect(witness.closed).toBe(false);
      witness.close();
    }
  });

  it("[D1][D4][P7] wakes with its sockets, topics and members, and loses nothing", async () => {
    const name = uniqueName("asleep");
    const ada = guests.enter(server.url, name, "ada");
    const bo = guests.enter(server.url, name, "bo");
    const cy = guests.enter(server.url, name, "cy", { room: { topics: ["task"] } });
    const di = guests.enter(server.url, name, "di");
    const all = [ada, bo, cy, di];
    await Promise.all(all.map((guest) => guest.live()));
    await bo.room.setPresence({ status: "busy", data: { mood: "calm" } });
    await ada.room.send("before", { event: "task.created" });
    await Promise.all(all.map((guest) => guest.receives("before")));
    // Without `retryOf` a room recognises an id only until it sleeps.
    const witness = await Witness.at(server, name);
    expect(await witness.sends("witness")).toMatchObject({ seq: 2 });
    expect(await witness.sends("witness")).toMatchObject({ seq: 2, duplicate: true });
    di.client.disconnect();
    await waitFor("all have seen di go", () => ada.room.members.length === 4);
    const members = ada.room.members;
    expect(members.map(({ id }) => id).sort()).toEqual(["ada", "bo", "cy", "witness"]);

    await untilAsleep();

    const chat = ada.room.send("good morning");
    const task = bo.room.send("work", { event: "task.created" });
    await Promise.all([chat, task]);
    await Promise.all([ada, bo, cy].map((guest) => guest.receives("work")));
    const sent = await witness.sends("witness");
    expect([sent.seq, sent.duplicate]).toEqual([5, undefined]);
    await Promise.all([ada.receives("witness"), bo.receives("witness")]);
    const [third, fourth] = ["good morning", "work"].map((text) =>
      ada.received.find(({ data }) => data === text),
    );
    expect([third?.seq, fourth?.seq].sort()).toEqual([3, 4]);
    expect(ada.received.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(bo.received).toEqual(ada.received);
    // Topics still apply.
    expect(cy.texts()).toEqual(["before", "work"]);
    // No client had to reconnect.
    for (const { states } of [ada, bo, cy]) expect(states).toEqual(["connected"]);
    expect(witness.closed).toBe(false);
    expect(sorted(ada.room.members)).toEqual(sorted(members));

    // A new client sees all members that slept.
    di.client.reconnect();
    await di.receives("witness");
    await di.live();
    expect(di.received).toEqual(ada.received);
    expect(di.losses.count).toBe(0);
    expect(sorted(di.room.members.filter(({ id }) => id !== "di"))).toEqual(sorted(members));
    await waitFor("all see di come", () => [ada, bo, cy].every(({ room }) => room.members.length === 5));
    witness.close();
  });

  it("[K8][J2] with rooms on sessions sleeps together with its users, and loses nothing", async () => {
    const names = [uniqueName("first"), uniqueName("second")];
    const user = uniqueName("ada");
    const starts = async (): Promise<Record<string, number>> => (await fetch(`${server.url}/starts`)).json();
    const guest = (who: string, name: string, shared: boolean) =>
      guests.enter(server.url, name, who, { shared, room: { topics: ["chat"] } });
    const alone = names.map((name) => guest("bo", name, false));
    const client = guests.client(server.url, user);
    const shared = names.map((name) => {
      const room = sharedRoom(client, name);
      const received: unknown[] = [];
      const states: string[] = [];
      room.on("message", ({ data }) => received.push(data));
      room.on("state", ({ status }) => states.push(status));
      return { room, received, states };
    });
    await Promise.all(alone.map((bo) => bo.live()));
    await waitFor("both are connected", () => shared.every(({ room }) => room.state.status === "connected"));
    await Promise.all([...alone, ...shared].map(({ room }) => room.send("before")));
    await waitFor("all received it", () =>
      [...alone, ...shared].every(({ received }) => received.length === 2),
    );
    const before = await starts();

    await untilAsleep();
    // Twice from each side, so that each object is woken by the other and continues.
    for (const text of ["one", "two"]) {
      await Promise.all([...alone, ...shared].map(({ room }) => room.send(text)));
    }
    await waitFor("all received it", () =>
      [...alone, ...shared].every(({ received }) => received.length === 6),
    );
    const after = await starts();
    for (const name of [...names, user]) expect(after[name]).toBe((before[name] ?? 0) + 1);
    for (const [at, { received, states }] of shared.entries()) {
      expect(received).toEqual(alone[at]?.texts());
      expect(states).toEqual(["connected"]);
    }
    for (const { states } of alone) expect(states).toEqual(["connected"]);
  });
});

const sorted = (members: readonly { readonly id: string }[]) =>
  [...members].sort((a, b) => a.id.localeCompare(b.id));

/** A bare socket, without the client's own heartbeat. */
class Witness {
  readonly #socket: WebSocket;
  readonly #answers: { readonly seq?: number; readonly duplicate?: true }[] = [];
  readonly #received = new Set<unknown>();
  #live = false;
  pongs = 0;
  closed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onclose = () => {
      this.closed = true;
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      for (const frame of framesIn(String(data))) {
        if (frame.type === "caughtUp") this.#live = true;
        if (frame.type === "pong") this.pongs++;
        if (frame.type === "ok" || frame.type === "error") this.#answers.push(frame);
        if (frame.type === "message") this.#received.add(frame.data);
        if (frame.type === "notification") this.#received.add(frame.title);
      }
    };
  }

  static at(server: LocalServer, room: string): Promise<Witness> {
    return Witness.#dial(server, `/v1/rooms/${room}/connect`, "witness");
  }

  static ofInbox(server: LocalServer, user: string): Promise<Witness> {
    return Witness.#dial(server, "/v1/connect", user);
  }

  static async #dial({ url }: LocalServer, path: string, user: string): Promise<Witness> {
    const protocols = ["edge-rooms.v1", `token.${await tokenFor(user)}`];
    const witness = new Witness(new WebSocket(url.replace("http", "ws") + path, protocols));
    await waitFor("the witness is live", () => witness.#live);
    return witness;
  }

  /** Returns the same id for the same text. */
  async sends(id: string) {
    const { length } = this.#answers;
    this.#socket.send(JSON.stringify({ type: "send", id, data: id }));
    return waitFor("the witness is answered", () => this.#answers[length]);
  }

  pings(): void {
    this.#socket.send('{"type":"ping"}');
  }

  received(text: string): boolean {
    return this.#received.has(text);
  }

  close(): void {
    this.#socket.close(1000);
  }
}

function framesIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  const frame: { readonly events?: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(text);
  return frame.events ?? [{ ...frame }];
}
