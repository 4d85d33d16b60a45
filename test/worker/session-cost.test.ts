// Counts what a room on the session uses, beside a room on its own socket: the figures that docs/client.md quotes.

import { describe, expect, it } from "vitest";
import { measure } from "./support/meter.ts";
import { fill, join, openSession, roomObject, uniqueName, userObject } from "./support/worker.ts";

describe("a room on a session", () => {
  it("[K9] writes one row to join and one to leave, and is one request to the user's object for each flush", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const ada = await join(room, "ada");
    await fill(ada, 10);
    // A user who comes for the first time writes one more row in both objects.
    (await join(room, user)).close(1000);
    await ada.next("memberLeft");
    const session = await openSession(user);
    const inRoom = await measure(roomObject(room));
    const ofUser = await measure(userObject(user));
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (event) => event.room === room);
    expect((await inRoom.take()).rowsWritten).toBe(1);
    expect(await ofUser.take()).toMatchObject({ rowsWritten: 0, requests: 1, messages: 1 });
    await ada.ask({ type: "send", id: "m", data: 1 });
    await session.next("message", ({ id }) => id === "m");
    expect(await inRoom.take()).toMatchObject({ rowsWritten: 1, requests: 0, messages: 1 });
    expect(await ofUser.take()).toMatchObject({ rowsRead: 0, rowsWritten: 0, requests: 1, messages: 0 });
    // Ten in one frame are one flush.
    await fill(ada, 10, () => "batch");
    await session.next("message", ({ data, seq }) => data === "batch" && seq === 21);
    expect((await ofUser.take()).requests).toBeLessThanOrEqual(2);
    await inRoom.take();
    session.send({ type: "send", id: "s", room, data: 1 });
    await session.next("ok", ({ id }) => id === "s");
    expect(await inRoom.take()).toMatchObject({ rowsWritten: 1, requests: 1 });
    expect(await ofUser.take()).toMatchObject({ rowsWritten: 0, requests: 1, messages: 1 });
    await session.ask({ type: "leave", id: "l", room });
    await ada.next("memberLeft", (event) => event.user === user);
    expect((await inRoom.take()).rowsWritten).toBe(1);
  });
});
