import { describe, expect, it } from "vitest";
import { ask, changesTo, edit, many, react, remove } from "./support/changes.ts";
import { configureRoom, sleep } from "./support/objects.ts";
import { callAs, callAsServer, errorOf, join, roomObject, tokenFor, uniqueName } from "./support/worker.ts";

const MODERATOR = { rooms: { "*": "moderate" } };

/** A room with a message of server code, one in bo's name, and one of bo's own from before the event was reserved. */
async function keptRoom() {
  const room = uniqueName("kept");
  await configureRoom(room, { SERVER_EVENTS: "" });
  const bo = await join(room, "bo");
  const cy = await join(room, "cy", MODERATOR);
  const post = (body: object) => callAsServer("POST", `/v1/rooms/${room}/messages`, body);
  await post({ event: "task.done", data: 1 });
  await post({ event: "task", data: 2, from: { id: "bo" } });
  await ask(bo, { type: "send", event: "task:old", data: 3 });
  await sleep(roomObject(room));
  await bo.settled();
  return { room, bo, cy, post };
}

describe("events reserved for server code", () => {
  it("[E8] cannot be sent, signalled or edited by users, moderators included", async () => {
    const { room, bo, cy } = await keptRoom();
    const refused = { code: "forbidden", path: ["event"] };
    for (const socket of [bo, cy]) {
      expect(await ask(socket, { type: "send", event: "task", data: 1 })).toMatchObject(refused);
      socket.send({ type: "signal", id: "s", event: "task.x" });
      expect(await socket.next("error", ({ id }) => id === "s")).toMatchObject(refused);
    }
    const kept = { code: "forbidden", path: ["seq"] };
    for (const seq of [2, 3]) expect(await ask(bo, edit(seq, 0))).toMatchObject(kept);
    expect(await ask(bo, edit(1, 0))).toMatchObject({ code: "forbidden" });
    for (const seq of [1, 2, 3]) expect(await ask(cy, edit(seq, 0))).toMatchObject(kept);
    for (const user of ["bo", "cy"]) {
      const token = await tokenFor(user, MODERATOR);
      const response = await callAs(token, "PATCH", `/v1/rooms/${room}/messages/2`, { data: 0 });
      expect([response.status, await errorOf(response)]).toMatchObject([403, kept]);
    }
    await Promise.all([bo.settled(), cy.settled()]);
    expect([...changesTo(bo), ...changesTo(cy), ...bo.ofType("signal"), ...cy.ofType("signal")]).toEqual([]);
  });

  it("[E8] can be deleted and reacted to, and edited by server code", async () => {
    const { room, bo, cy } = await keptRoom();
    expect(await ask(bo, react(1, "👍"))).toMatchObject({ type: "ok", seq: 4 });
    expect(await ask(bo, remove(3))).toMatchObject({ type: "ok", seq: 5 });
    expect(await ask(bo, remove(1))).toMatchObject({ code: "forbidden" });
    expect(await ask(cy, remove(1))).toMatchObject({ type: "ok", seq: 6 });
    const edited = await callAsServer("PATCH", `/v1/rooms/${room}/messages/2`, { data: "by the server" });
    expect([edited.status, await edited.json()]).toEqual([200, { seq: 7 }]);
    expect(await bo.next("messageUpdated")).toMatchObject({
      by: null,
      message: { event: "task", from: { id: "bo" } },
    });
  });

  it("[E8] an edit cannot give a message such an event, nor take one away", async () => {
    const { room, bo } = await keptRoom();
    await ask(bo, { type: "send", event: "note", data: 1 });
    expect(await ask(bo, { ...edit(4, 0), event: "task" })).toMatchObject({ type: "ok" });
    await callAsServer("PATCH", `/v1/rooms/${room}/messages/1`, { data: 0, event: "chat" });
    expect(await ask(bo, { type: "history" })).toMatchObject({
      messages: [{ event: "task.done", data: 0 }, {}, {}, { event: "note", data: 0 }],
    });
  });
});

describe("several signals in one flush", () => {
  /** What one frame of commands delivers to another client. */
  async function heardOf(commands: readonly object[]) {
    const room = uniqueName("coalesced");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const cy = await join(room, "cy");
    ada.send({ type: "batch", commands });
    await ada.settled();
    await Promise.all([bo.settled(), cy.settled()]);
    return [bo, cy].map((socket) => socket.ofType("signal").map(({ event, data }) => [event, data]));
  }

  it("[P9] are reduced to the last of one sender with the same event and receiver", async () => {
    const signal = (event: string, data: unknown, to?: string) => ({
      type: "signal",
      event,
      data,
      ...(to && { to }),
    });
    const [bo, cy] = await heardOf([
      ...many(20, (at) => signal("cursor", at)),
      signal("typing", true),
      signal("cursor", "to bo 1", "bo"),
      signal("cursor", "to bo 2", "bo"),
      signal("cursor", "to cy", "cy"),
      signal("cursor.x", 1),
      signal("typing", false),
    ]);
    expect(bo).toEqual([
      ["cursor", 19],
      ["cursor", "to bo 2"],
      ["cursor.x", 1],
      ["typing", false],
    ]);
    expect(cy).toEqual([
      ["cursor", 19],
      ["cursor", "to cy"],
      ["cursor.x", 1],
      ["typing", false],
    ]);
  });

  it("[P9] keep those before a refused one, and the messages between them", async () => {
    const commands = [
      { type: "signal", event: "typing", data: 1 },
      { type: "send", id: "m", data: "between" },
      { type: "signal", event: "typing", data: 2 },
      { type: "signal", event: "typing", data: "x".repeat(2_000) },
      { type: "signal", event: "typing", data: 3, to: "a\nb" },
    ];
    expect(await heardOf(commands)).toEqual([[["typing", 2]], [["typing", 2]]]);
  });

  it("[P9] of two connections of a user are those of two senders, and each receives the other's", async () => {
    const room = uniqueName("coalesced");
    const one = await join(room, "ada");
    const two = await join(room, "ada");
    const bo = await join(room, "bo");
    for (let at = 0; at < 5; at++)
      for (const socket of [one, two]) socket.send({ type: "signal", event: "x", data: at });
    await Promise.all([one.settled(), two.settled()]);
    await bo.settled();
    expect(one.ofType("signal").at(-1)).toMatchObject({ data: 4 });
    expect(two.ofType("signal").at(-1)).toMatchObject({ data: 4 });
    expect(bo.ofType("signal").filter(({ data }) => data === 4)).toHaveLength(2);
  });

  it("[P9] of server code are all delivered", async () => {
    const room = uniqueName("coalesced");
    const bo = await join(room, "bo");
    const path = `/v1/rooms/${room}/signals`;
    await Promise.all(many(30, (data) => callAsServer("POST", path, { event: "export", data })));
    await bo.settled();
    expect(
      bo
        .ofType("signal")
        .map(({ data }) => Number(data))
        .sort((a, b) => a - b),
    ).toEqual(many(30, (at) => at));
  });
});
