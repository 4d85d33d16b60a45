// User ids of real issuers, in every place where one occurs.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { sleep } from "./support/objects.ts";
import {
  callAs,
  callAsServer,
  errorOf,
  join,
  openRoom,
  openSession,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const IDS = [
  "https://idp.example/users/1?tenant=a#b",
  "spiffe://example.org/ns/default/sa/chat",
  "did:web:example.com%3A3000:user:ada",
  "CN=Ada Lovelace,OU=R&D,O=Example GmbH,C=DE",
  "q83vEjRWeJA/+w==",
  "../../etc",
  "a\\b",
  "50%",
  "%zz",
  "%2e%2e",
  'a"b',
  "__proto__",
  "anonymous connections",
  "Ærøskøbing 日本 👍🏽",
  "日".repeat(255),
];

describe("a user id of any printable text", () => {
  it.each(IDS)("[A29] %s is compared exactly, in frames, fields and paths", async (base) => {
    // The longest id leaves no space for more.
    const id = base.length > 200 ? base : `${base} ${uniqueName("u")}`;
    const room = uniqueName("ids");
    const path = `/v1/users/${encodeURIComponent(id)}`;
    const ada = await join(room, "ada");
    const other = await join(room, `${id.slice(0, 254)}x`);
    const user = await join(room, id);
    expect(await user.next("connected")).toMatchObject({ user: { id } });
    const session = await openSession(id);
    expect(await (await callAsServer("GET", path)).json()).toEqual({
      ...{ user: id, online: true, connections: 1, unread: 0 },
    });
    const delivery = ada.next("message");
    user.send({ type: "send", id: "a b", data: 1, mentions: [id, "bo"] });
    expect(await delivery).toMatchObject({ seq: 1, from: { id }, mentions: [id, "bo"] });
    expect(await user.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" })).toMatchObject({
      seq: 2,
    });
    expect(await ada.next("reaction")).toMatchObject({ user: id });
    ada.send({ type: "signal", event: "only", to: id, data: 2 });
    expect(await user.next("signal")).toMatchObject({ data: 2 });
    expect(await (await callAsServer("POST", `${path}/signals`, { event: "hi" })).json()).toEqual({
      delivered: 1,
    });
    expect(await session.next("signal")).toMatchObject({ event: "hi" });
    const notice = { user: id, title: "t", message: "m" };
    expect(await (await callAsServer("POST", "/v1/notify", notice)).json()).toMatchObject({
      results: [{ user: id, delivered: 1 }],
    });
    const bans = `/v1/rooms/${room}/bans`;
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: id, banSeconds: 60 });
    expect((await user.closed).code).toBe(4403);
    expect(await (await callAsServer("GET", bans)).json()).toMatchObject({ bans: [{ user: id }] });
    expect((await (await openRoom(room, id)).closed).code).toBe(4403);
    expect((await callAsServer("DELETE", `${bans}/${encodeURIComponent(id)}`)).status).toBe(200);
    expect(await (await join(room, id)).next("connected")).toMatchObject({ user: { id } });
    expect((await callAsServer("POST", `${path}/disconnect`)).status).toBe(200);
    expect((await session.closed).code).toBe(4401);
    await other.settled();
  });

  it("[A29][S5] and a command id are never confused, however they are joined", async () => {
    const room = uniqueName("ids");
    const [one, two] = [await join(room, "a b"), await join(room, "a")];
    expect(await one.ask({ type: "send", id: "c", data: 1 })).toMatchObject({ seq: 1 });
    expect(await two.ask({ type: "send", id: "b c", data: 2 })).toEqual({
      type: "ok",
      id: "b c",
      seq: 2,
      at: expect.any(Number),
    });
  });

  it("[A29][P9] separates signals of different users or to different users", async () => {
    const room = uniqueName("ids");
    const ears = [await join(room, "x y"), await join(room, "y")];
    const ada = await join(room, "ada");
    const commands = [
      { type: "signal", event: "e", to: "x y", data: 1 },
      { type: "signal", event: "e", to: "y", data: 2 },
    ];
    ada.send({ type: "batch", commands });
    expect([await ears[0]?.next("signal"), await ears[1]?.next("signal")]).toMatchObject([
      { data: 1 },
      { data: 2 },
    ]);
  });

  it("[A29][A8] named like an anonymous reader shares no limit with anonymous readers", async () => {
    const room = uniqueName("public_ids");
    await join(room, null);
    const user = await join(room, "anonymous connections");
    expect(await user.next("connected")).toMatchObject({ occupancy: { members: 1, connections: 2 } });
  });

  it("[A29][D4] and the longest of everything else fit into an attachment", async () => {
    // Another user than above, whose tokens were revoked.
    const id = "月".repeat(255);
    const claims = { picture: `https://${"é".repeat(1_016)}` };
    const name = "日".repeat(128);
    const topics = Array.from({ length: 20 }, (_, at) => `${"t".repeat(62)}${at + 10}`);
    const query = `?topics=${topics}`;
    const rooms = Object.fromEntries(
      Array.from({ length: 17 }, (_, at) => [`${"r".repeat(120)}${at}`, "write"]),
    );
    const session = await openSession(id, { name, claims, query, rooms: { "*": "write", ...rooms } });
    for (let at = 0; at < 50; at++) {
      const room = uniqueName("r".repeat(90)).padEnd(128, "x");
      expect(await session.ask({ type: "join", id: "j".repeat(64), room, topics })).toMatchObject({
        type: "ok",
      });
    }
    const socket = await join(uniqueName("ids"), id, { name, claims, query });
    const data = Array.from({ length: 255 }, () => 1.5);
    expect(await socket.ask({ type: "presence", id: "p", status: "busy", data })).toMatchObject({
      type: "ok",
    });
    await sleep(userObject(id));
    const path = `/v1/users/${encodeURIComponent(id)}/signals`;
    expect(await (await callAsServer("POST", path, { event: "awake" })).json()).toEqual({ delivered: 1 });
    expect(await session.next("signal", ({ event }) => event === "awake")).toBeDefined();
  });
});

describe("a path", () => {
  it("[H12] with a % that escapes no character is bad_request, whatever it names", async () => {
    const token = await tokenFor("ada");
    for (const path of [
      ...["/v1/users/%", "/v1/users/%zz", "/v1/users/a%2", "/v1/users/%E2%82", "/v1/users/%C0%AF/signals"],
      ...["/v1/rooms/%zz", "/v1/rooms/a/bans/%FF", "/v1/rooms/a/messages/1/reactions/%F0%9F"],
    ]) {
      const response = await callAs(token, "GET", path);
      expect([response.status, (await errorOf(response)).code], path).toEqual([400, "bad_request"]);
    }
  });

  it("[H12] names the user that it escapes, decoded once, and never another user", async () => {
    const asked = async (text: string) => {
      const response = await callAsServer("GET", `/v1/users/${text}`);
      return response.status === 200 ? (await response.json<{ user: string }>()).user : response.status;
    };
    expect([
      await asked("a%252Fb"),
      await asked("a%2Fb"),
      await asked("a+b"),
      await asked("%2e%2e%2f"),
    ]).toEqual([...["a%2Fb", "a/b", "a+b", "../"]]);
    expect([await asked("%2e"), await asked("a%00")]).toEqual([404, 400]);
  });

  it("[H12] that is refused is not logged as a fault", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    await callAs(await tokenFor("ada"), "GET", "/v1/users/%zz");
    expect(logged).not.toHaveBeenCalled();
  });
});
