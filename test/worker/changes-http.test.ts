import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ask, changesTo, react } from "./support/changes.ts";
import { configureRoom, roomExists, storedText } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const outcomeOf = async (response: Response) =>
  response.ok ? [response.status, await response.json()] : [response.status, (await errorOf(response)).code];

async function oneMessage(prefix: string) {
  const room = uniqueName(prefix);
  const ada = await join(room, "ada");
  await fill(ada, 1);
  const path = `/v1/rooms/${room}/messages`;
  const token = await tokenFor("ada");
  const as = async (bearer: string, method: string, rest: string, body?: unknown) =>
    outcomeOf(await callAs(bearer, method, path + rest, body));
  return { room, ada, path, token, as };
}

const emojis = {
  "one code point": "👍",
  "with a presentation selector": "❤️",
  "with a skin tone": "👍🏽",
  "a family of four": "👨‍👩‍👧‍👦",
  "a kiss with skin tones": "👩🏻‍❤️‍💋‍👩🏿",
  "a flag of letters": "🇩🇪",
  "a flag of tags": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
  "a keycap": "1️⃣",
  "a keycap of #": "#️⃣",
};

const noEmojis = {
  nothing: "",
  "a letter": "a",
  "a digit": "1",
  text: "thumbsup",
  "a name of objects": "__proto__",
  "another one": "constructor",
  "two of them": "👍👍",
  "two different ones": "👍🎉",
  "one and a letter": "👍a",
  "one and a space": "👍 ",
  "without its presentation selector": "❤",
  "with the text selector": "❤︎",
  "minimally qualified": "❤‍🔥",
  "an unqualified keycap": "1⃣",
  "a keycap's parts": "️⃣",
  "a skin tone by itself after a space": " 🏽",
  "half a flag": "🇩",
  "a flag of nowhere": "🇽🇽",
  "three letters": "🇩🇪🇫",
  "two skin tones": "👍🏽🏽",
  "a joiner at the end": "👨‍",
  "no known family": "👨‍👍",
  "half a surrogate pair": "\ud83d",
  "the pair the wrong way round": "\udc4d\ud83d",
  "a paragraph": "👍".repeat(10_000),
  "a long row of joiners": `👨${"\u200d👨".repeat(20)}`,
  NUL: "\0",
};

describe("an emoji", () => {
  it.each(Object.entries(emojis))("[E4] %s is accepted on the socket and over HTTP", async (_, emoji) => {
    const { ada, as, token } = await oneMessage("emoji");
    expect(await ask(ada, react(1, emoji))).toMatchObject({ type: "ok", seq: 2 });
    expect(await ask(ada, { type: "history" })).toMatchObject({
      messages: [{ reactions: { [emoji]: ["ada"] } }],
    });
    expect(await as(token, "PUT", `/1/reactions/${encodeURIComponent(emoji)}`)).toEqual([200, { seq: 0 }]);
    expect(await as(token, "DELETE", `/1/reactions/${encodeURIComponent(emoji)}`)).toEqual([200, { seq: 3 }]);
    expect(await as(token, "PUT", `/1/reactions/${encodeURIComponent(emoji)}`)).toEqual([200, { seq: 4 }]);
  });

  it("[E4] that is not one RGI sequence is refused with bad_request on the socket", async () => {
    const { room, ada } = await oneMessage("no_emoji");
    const before = await storedText(roomObject(room));
    for (const [what, emoji] of [
      ...Object.entries(noEmojis),
      ["a number", 1],
      ["null", null],
      ["a list", ["👍"]],
    ]) {
      expect(await ask(ada, { ...react(1, "👍"), emoji }), String(what)).toMatchObject({
        code: "bad_request",
        path: ["emoji"],
      });
      await ask(ada, { type: "history", limit: 1 });
    }
    expect(changesTo(ada)).toEqual([]);
    expect(await storedText(roomObject(room))).toBe(before);
  });

  it("[E4] that is not one RGI sequence is refused with bad_request over HTTP, also if it is encoded twice or broken", async () => {
    const { room, ada, as, token } = await oneMessage("no_emoji");
    const encoded = Object.values(noEmojis)
      .filter((emoji) => emoji !== "" && emoji.isWellFormed() && emoji.length < 1_000)
      .map(encodeURIComponent);
    const broken = [
      encodeURIComponent(encodeURIComponent("👍")),
      "%",
      "%F0%9F%91",
      "%ZZ",
      "%F0%9F%91%8D%",
      "%00",
      "%2F",
    ];
    for (const emoji of [...encoded, ...broken])
      for (const method of ["PUT", "DELETE"])
        expect(await as(token, method, `/1/reactions/${emoji}`), emoji).toEqual([400, "bad_request"]);
    await ada.settled();
    expect(changesTo(ada)).toEqual([]);
    expect(await roomExists(room)).toBe(true);
  });
});

describe("changes over HTTP", () => {
  it("[E1][E2][E3] are delivered like those of sockets, and answered with their seq", async () => {
    const { ada, as, token } = await oneMessage("http");
    expect(await as(token, "PATCH", "/1", { data: { text: "new" } })).toEqual([200, { seq: 2 }]);
    expect(await as(token, "PUT", "/1/reactions/%F0%9F%91%8D")).toEqual([200, { seq: 3 }]);
    expect(await as(token, "PUT", "/1/reactions/%F0%9F%91%8D")).toEqual([200, { seq: 0 }]);
    expect(await as(token, "DELETE", "/1")).toEqual([200, { seq: 4 }]);
    expect(await as(token, "DELETE", "/1")).toEqual([200, { seq: 0 }]);
    await ada.settled();
    expect(changesTo(ada)).toMatchObject([
      { type: "messageUpdated", seq: 2, by: "ada", message: { data: { text: "new" } } },
      { type: "reaction", seq: 3, user: "ada", op: "add" },
      { type: "messageDeleted", seq: 4, by: "ada", target: 1 },
    ]);
  });

  it("[E1][E3] server code edits and deletes any message, but does not react", async () => {
    const { ada, as } = await oneMessage("server");
    const { API_KEYS: key } = env;
    expect(await as(key, "PUT", "/1/reactions/%F0%9F%91%8D")).toEqual([403, "forbidden"]);
    expect(await as(key, "DELETE", "/1/reactions/%F0%9F%91%8D")).toEqual([403, "forbidden"]);
    expect(await as(key, "PATCH", "/1", { data: 0 })).toEqual([200, { seq: 2 }]);
    expect(await as(key, "DELETE", "/1")).toEqual([200, { seq: 3 }]);
    await ada.settled();
    expect(changesTo(ada)).toMatchObject([{ by: null, message: { from: { id: "ada" } } }, { by: null }]);
  });

  it("[E1] require permission: one's own messages, moderate, write; a user in any case", async () => {
    const { room, ada, as, path } = await oneMessage("may");
    const bo = await tokenFor("bo");
    const reader = await tokenFor("ada", { rooms: { "*": "read" } });
    const stranger = await tokenFor("ada", { rooms: {} });
    const calls: [string, string, unknown?][] = [
      ["PATCH", "/1", { data: 0 }],
      ["DELETE", "/1"],
      ["PUT", "/1/reactions/%F0%9F%91%8D"],
      ["DELETE", "/1/reactions/%F0%9F%91%8D"],
    ];
    for (const [method, rest, body] of calls) {
      for (const bearer of [reader, stranger])
        expect(await as(bearer, method, rest, body), method + rest).toEqual([403, "forbidden"]);
      const nobody = await call(path + rest, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(nobody.status).toBe(401);
    }
    expect(await as(bo, "PATCH", "/1", { data: 0 })).toEqual([403, "forbidden"]);
    expect(await as(bo, "DELETE", "/1")).toEqual([403, "forbidden"]);
    await ada.settled();
    expect(changesTo(ada)).toEqual([]);
    const moderator = await tokenFor("bo", { rooms: { [room]: "moderate" } });
    expect(await as(moderator, "PATCH", "/1", { data: 0 })).toEqual([200, { seq: 2 }]);
  });

  it("[A11][E1] an anonymous reader cannot change anything in a public room", async () => {
    const room = uniqueName("public_changes");
    const nobody = await join(room, null);
    const ada = await join(room, "ada");
    await fill(ada, 1);
    for (const command of [
      react(1, "👍"),
      { type: "edit", seq: 1, data: 0 },
      { type: "delete", seq: 1 },
      { type: "read" },
    ])
      expect(await ask(nobody, command)).toMatchObject({ code: "forbidden" });
    const call1 = await call(`/v1/rooms/${room}/messages/1`, { method: "DELETE" });
    expect(call1.status).toBe(401);
    await ask(ada, react(1, "👍"));
    expect(await nobody.next("reaction")).toMatchObject({ user: "ada", seq: 2 });
  });

  it("[E5] an unknown message is not_found, an invalid seq is bad_request", async () => {
    const { ada, as, token } = await oneMessage("there");
    const calls: [string, string, unknown?][] = [
      ["PATCH", "", { data: 0 }],
      ["DELETE", ""],
      ["PUT", "/reactions/%F0%9F%91%8D"],
      ["DELETE", "/reactions/%F0%9F%91%8D"],
    ];
    for (const [method, rest, body] of calls) {
      for (const seq of ["2", "999999999999999"])
        expect(await as(token, method, `/${seq}${rest}`, body), seq).toEqual([404, "not_found"]);
      for (const seq of ["0", "-1", "1.5", "x", "1e3", "%31%00", "9999999999999999", "0x1", "%20"])
        expect(await as(token, method, `/${seq}${rest}`, body), seq).toEqual([400, "bad_request"]);
    }
    await ada.settled();
    expect(changesTo(ada)).toEqual([]);
  });

  it("[E5][H7] a body without data, or without JSON, is bad_request; unknown fields are ignored", async () => {
    const { as, path, token } = await oneMessage("body");
    for (const body of [{}, { text: "x" }, [], null, "data", 1])
      expect(await as(token, "PATCH", "/1", body), JSON.stringify(body)).toEqual([400, "bad_request"]);
    const headers = { Authorization: `Bearer ${token}` };
    for (const body of ["", "{", '{"data":1'])
      expect((await call(`${path}/1`, { method: "PATCH", headers, body })).status).toBe(400);
    expect(await as(token, "PATCH", "/1", { data: "x".repeat(999) })).toEqual([413, "too_large"]);
    expect(await as(token, "PATCH", "/1", { data: "x".repeat(1_100_000) })).toEqual([413, "too_large"]);
    expect(await as(token, "PATCH", "/1", { data: null, seq: 9, event: "task", id: 7 })).toEqual([
      200,
      { seq: 2 },
    ]);
  });

  it("[M5] each costs the user one rate token, also if it changes nothing", async () => {
    const room = uniqueName("cost");
    await configureRoom(room, { RATE_PER_SECOND: 0.01, RATE_BURST: 4 });
    const token = await tokenFor("ada");
    const statuses = [];
    for (const [method, rest, body] of [
      ["POST", "", { data: 1 }],
      ["PATCH", "/1", { data: 2 }],
      ["DELETE", "/9"],
      ["PUT", "/1/reactions/%F0%9F%91%8D"],
      ["DELETE", "/1"],
    ] as const)
      statuses.push((await callAs(token, method, `/v1/rooms/${room}/messages${rest}`, body)).status);
    expect(statuses).toEqual([201, 200, 404, 200, 429]);
  });
});

describe("the paths of changes", () => {
  const room = uniqueName("paths");
  const paths: [string, string[]][] = [
    [`/v1/rooms/${room}/messages/1`, ["PATCH", "DELETE"]],
    [`/v1/rooms/${room}/messages/1/reactions/%F0%9F%91%8D`, ["PUT", "DELETE"]],
    [`/v1/rooms/${room}/receipts`, ["GET"]],
    [`/v1/rooms/${room}/receipts/me`, ["PUT"]],
    [`/v1/rooms/${room}/kick`, ["POST"]],
    [`/v1/rooms/${room}/bans`, ["GET"]],
    [`/v1/rooms/${room}/bans/ada`, ["DELETE"]],
    [`/v1/rooms/${room}`, ["GET", "PATCH", "DELETE"]],
    ["/v1/users/ada/disconnect", ["POST"]],
  ];

  it.each(paths)("[H6] a preflight of %s lists %j", async (path, methods) => {
    const response = await call(path, {
      method: "OPTIONS",
      headers: { Origin: "https://app.example.com", "Access-Control-Request-Method": methods[0] ?? "" },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example.com");
    expect(response.headers.get("Access-Control-Allow-Methods")?.split(", ").sort()).toEqual(methods.sort());
  });

  it.each(paths)(
    "[H1] any other method of %s is not_found, and so are neighbouring paths",
    async (path, methods) => {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => !methods.includes(one)))
        expect(await outcomeOf(await callAsServer(method, path)), method).toEqual([404, "not_found"]);
      expect(await outcomeOf(await callAsServer(methods[0] ?? "", `${path}/more/of/it`))).toEqual([
        404,
        "not_found",
      ]);
    },
  );

  it.each(paths)("[A6] a page of another origin cannot use %s", async (path, [method = ""]) => {
    const headers = { Authorization: `Bearer ${await tokenFor("ada")}`, Origin: "https://evil.example" };
    expect(await outcomeOf(await call(path, { method, headers }))).toEqual([403, "forbidden"]);
  });
});
