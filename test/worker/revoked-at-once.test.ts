// A revoked token changes nothing that is stored, not even in the minute in which an isolate trusts it.

import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { UserObject } from "../../src/user/runtime/user-object.ts";
import { dated, disconnect, intoRoom } from "./support/disconnect.ts";
import { stopClock } from "./support/objects.ts";
import { callAs, callAsServer, errorOf, uniqueName } from "./support/worker.ts";

beforeEach(() => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  onTestFinished(() => info.mockRestore());
});

type Call = readonly [method: string, path: string, body?: unknown];

/** The isolate trusts a token for a minute: it has just asked about it. */
async function believed(opensRoom: boolean) {
  const [room, user] = [uniqueName("room"), uniqueName("bo")];
  const now = stopClock();
  const token = await dated(user, now, -5, { rooms: { "*": "moderate" } });
  await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: "kept" });
  if (opensRoom) expect(await intoRoom(room, token)).toBe("connected");
  expect((await callAs(token, "GET", `/v1/rooms/${room}`)).status).toBe(200);
  return { room, user, now, token };
}

const ofMe: Call[] = [
  ["GET", "/v1/me/notifications"],
  ["POST", "/v1/me/notifications/mark", { all: true, state: "read" }],
  ["GET", "/v1/me/preferences"],
  ["PUT", "/v1/me/preferences", { push: false }],
  ["GET", "/v1/me/rooms"],
  ["PUT", "/v1/me/rooms/lobby"],
  ["DELETE", "/v1/me/rooms/lobby"],
  ["DELETE", "/v1/me/push", { endpoint: "https://fcm.googleapis.com/x" }],
];

const inRoom: Call[] = [
  ["POST", "/messages", { data: 1 }],
  ["PATCH", "/messages/1", { data: "changed" }],
  ["DELETE", "/messages/1"],
  ["PUT", "/messages/1/reactions/👍"],
  ["PUT", "/receipts/me", {}],
  ["POST", "/kick", { user: "cy", banSeconds: 31_536_000 }],
  ["DELETE", "/bans/cy"],
  ["PATCH", "", { slowModeMs: 5_000 }],
];

describe("a revoked token, at once", () => {
  it.each(ofMe.map((call) => ({ call, name: `${call[0]} ${call[1]}` })))(
    "[B20] $name is refused",
    async ({ call: [method, path, body] }) => {
      const { user, now, token } = await believed(false);
      expect((await callAs(token, method, path, body)).status).toBe(200);
      await disconnect(user);
      stopClock(now + 1_000);
      const refused = await callAs(token, method, path, body);
      expect([refused.status, (await errorOf(refused)).code]).toEqual([401, "token_expired"]);
    },
  );

  it("[B20] costs a call of a user's own routes one request of their object", async () => {
    const { token } = await believed(false);
    const asked = vi.spyOn(UserObject.prototype, "revokedTokens");
    onTestFinished(() => asked.mockRestore());
    for (const [method, path, body] of ofMe) await callAs(token, method, path, body);
    expect(asked).not.toHaveBeenCalled();
  });

  it.each([true, false])("[B21] changes nothing that a room stores; opened before: %s", async (opensRoom) => {
    const { room, user, now, token } = await believed(opensRoom);
    await disconnect(user);
    stopClock(now + 1_000);
    for (const [method, path, body] of inRoom) {
      const refused = await callAs(token, method, `/v1/rooms/${room}${path}`, body);
      expect([path, refused.status, (await errorOf(refused)).code]).toEqual([path, 401, "token_expired"]);
    }
    const { messages } = await (await callAsServer("GET", `/v1/rooms/${room}/messages`)).json<{
      messages: unknown[];
    }>();
    expect(messages).toMatchObject([{ seq: 1, data: "kept" }]);
    expect(messages).toHaveLength(1);
  });

  it("[B21] needs no other object for a user who has opened the room, and one request per call for any other", async () => {
    const asked = vi.spyOn(UserObject.prototype, "revokedTokens");
    onTestFinished(() => asked.mockRestore());
    for (const opensRoom of [true, false]) {
      const { room, token } = await believed(opensRoom);
      asked.mockClear();
      for (let n = 0; n < 3; n++)
        expect((await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: n })).status).toBe(201);
      expect(asked).toHaveBeenCalledTimes(opensRoom ? 0 : 3);
    }
  });

  it("[B22] no ban lasts more than a year", async () => {
    const room = uniqueName("room");
    const kick = (banSeconds: number) =>
      callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "bo", banSeconds });
    expect((await kick(31_536_000)).status).toBe(200);
    const refused = await kick(31_536_001);
    expect(await errorOf(refused)).toMatchObject({ code: "bad_request", path: ["banSeconds"] });
  });
});
