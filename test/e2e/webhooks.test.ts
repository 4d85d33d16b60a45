// A back end that is told what happens, beside a real server: it is down and comes back, it is slow, and the server is
// killed while it tells.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import type { WebhookReceiver } from "../support/webhook-receiver.ts";
import { join, publishTo, textsOf, toldServer } from "./support/told-server.ts";
import { uniqueName, waitFor } from "./support/world.ts";

let receiver: WebhookReceiver;
let server: LocalServer;

beforeAll(async () => {
  ({ receiver, server } = await toldServer());
});

afterAll(async () => {
  await server.stop();
  await receiver.stop();
});

const publish = (room: string, data: unknown) => publishTo(server, room, data);
const texts = (room: string) => textsOf(receiver, room);

describe("webhooks of a real server", () => {
  it("[Z50] tell who comes, what is said and who goes, in one order, signed", async () => {
    const room = uniqueName("hooks");
    const ada = await join(server, room, "ada");
    ada.send(JSON.stringify({ type: "send", id: "m1", data: "hello" }));
    await waitFor("the message", () => texts(room).includes("hello"));
    ada.close(1000);
    await waitFor("the end", () => receiver.of(room).some(({ type }) => type === "room.vacated"));
    expect(receiver.of(room).map(({ type }) => type)).toEqual([
      ...["room.occupied", "member.joined", "message.stored", "member.left", "room.vacated"],
    ]);
    expect(receiver.faults).toEqual([]);
  });

  it("[Z51] reach a receiver that was down, once and in order", async () => {
    const room = uniqueName("down");
    await receiver.stop();
    for (let n = 0; n < 5; n++) await publish(room, n);
    await receiver.start();
    await waitFor("all of them", () => texts(room).length === 5);
    expect(texts(room)).toEqual([0, 1, 2, 3, 4]);
  });

  it("[Z52] outlive a server that is killed while they are sent, with the same ids", async () => {
    const room = uniqueName("killed");
    // It never answers, so all is under way when the server dies.
    receiver.answerWith(() => {});
    for (let n = 0; n < 5; n++) await publish(room, n);
    const tries = () => receiver.requests.filter((ids) => ids.some((id) => id.includes(room)));
    await waitFor("a first try", () => tries().length > 0);
    await server.kill();
    receiver.answerWith(204);
    await server.restart();
    await publish(room, 5);
    await waitFor("all of them", () => texts(room).length === 6);
    expect(texts(room)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(tries().at(-1)).toEqual(expect.arrayContaining([...(tries()[0] ?? [])]));
  });
});
