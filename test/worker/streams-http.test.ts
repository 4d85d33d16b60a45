// Messages that stream, over HTTP: each route, and what it refuses.

import { describe, expect, it } from "vitest";
import { lastOf, open, post, refusalOf } from "./support/open-message.ts";
import { callAs, callAsServer, join, tokenFor, uniqueName } from "./support/worker.ts";

describe("a message that streams, over HTTP", () => {
  it("[Y43] is opened, appended to, read and finished", async () => {
    const { path, seq } = await open({ data: { body: "", model: "toy" }, field: "body" });
    const at = `${path}/${seq}`;
    expect(await post(`${at}/append`, { n: 1, text: "Hel" })).toEqual({ n: 1, saved: 0, paceMs: 44 });
    expect(await post(`${at}/append`, { n: 1, text: "Hel" })).toEqual({ n: 1, saved: 0, paceMs: 44 });
    expect(await post(`${at}/append`, { n: 2, text: "lo", patch: { model: null, step: 1 } })).toMatchObject({
      n: 2,
    });
    expect(await lastOf(path)).toMatchObject({
      seq,
      stream: "open",
      field: "body",
      data: { body: "Hello", step: 1 },
    });
    expect(await post(`${at}/stop`)).toEqual({});
    expect(await post(`${at}/append`, { n: 2 })).toMatchObject({ n: 2, stop: null });
    expect(await post(`${at}/finish`, { status: "complete" })).toEqual({ seq: seq + 1 });
    expect(await post(`${at}/finish`, { status: "complete" })).toEqual({ seq: 0 });
    const { n, field, ...message } = await lastOf(path);
    expect([n, field, message]).toMatchObject([
      undefined,
      undefined,
      { stream: "complete", data: { body: "Hello" } },
    ]);
  });

  it("[Y43] ends with the data that its producer gives", async () => {
    const { path, seq } = await open();
    await post(`${path}/${seq}/append`, { n: 1, text: "draft" });
    await post(`${path}/${seq}/finish`, { status: "failed", data: { text: "", error: [1] } });
    expect(await lastOf(path)).toMatchObject({ stream: "failed", data: { text: "", error: [1] } });
  });

  it("[Y44] refuses a gap with the append that it expects, and who was taken over", async () => {
    const { path, seq } = await open();
    const at = `${path}/${seq}`;
    await post(`${at}/append`, { n: 1, text: "a" });
    const gap = callAsServer("POST", `${at}/append`, { n: 3, text: "c" });
    expect(await refusalOf(gap)).toMatchObject({ status: 409, code: "gap", n: 2 });
    expect(await post(`${at}/takeover`)).toEqual({ n: 1, producer: 2 });
    for (const body of [{ n: 2 }, { n: 2, producer: 1 }])
      expect(await refusalOf(callAsServer("POST", `${at}/append`, body))).toMatchObject({
        ...{ status: 409, code: "taken_over" },
      });
    const ending = callAsServer("POST", `${at}/finish`, { status: "complete" });
    expect(await refusalOf(ending)).toMatchObject({ code: "taken_over" });
    expect(await post(`${at}/append`, { n: 2, producer: 2, text: "b" })).toMatchObject({ n: 2 });
    await post(`${at}/finish`, { status: "complete", producer: 2 });
    expect(await lastOf(path)).toMatchObject({ data: { text: "ab" } });
  });

  it("[Y44] is refused where it is not open, and where there is none", async () => {
    const { path, seq } = await open();
    await post(`${path}/${seq}/finish`, { status: "cancelled" });
    for (const [action, body] of Object.entries({ append: { n: 1 }, stop: {}, takeover: {} })) {
      const refused = await refusalOf(callAsServer("POST", `${path}/${seq}/${action}`, body));
      expect([action, refused]).toMatchObject([action, { status: 409, code: "not_open" }]);
      expect(await refusalOf(callAsServer("POST", `${path}/999/${action}`, body))).toMatchObject({
        status: 404,
      });
    }
    const other = callAsServer("POST", `${path}/${seq}/finish`, { status: "complete" });
    expect(await refusalOf(other)).toMatchObject({ code: "not_open" });
  });

  it("[Y44] takes appends of its author and of server code, with `write`", async () => {
    const { path, seq } = await open();
    const ada = await tokenFor("ada");
    const reader = await tokenFor("bo", { rooms: { "*": "read" } });
    for (const [bearer, action, body] of [
      [ada, "append", { n: 1 }],
      [ada, "takeover", {}],
      [ada, "finish", { status: "complete" }],
      [reader, "stop", {}],
    ] as const)
      expect(await refusalOf(callAs(bearer, "POST", `${path}/${seq}/${action}`, body))).toMatchObject({
        ...{ status: 403, code: "forbidden" },
      });
    expect((await callAs(ada, "POST", `${path}/${seq}/stop`)).status).toBe(200);
    const own = await callAs(ada, "POST", path, { data: {}, stream: true });
    const { seq: hers } = await own.json<{ seq: number }>();
    expect((await callAs(ada, "POST", `${path}/${hers}/append`, { n: 1, text: "a" })).status).toBe(200);
    expect(await post(`${path}/${hers}/append`, { n: 2, text: "b" })).toMatchObject({ n: 2 });
    expect(
      await refusalOf(callAs(ada, "POST", path, { data: {}, stream: true, from: { id: "x" } })),
    ).toMatchObject({
      ...{ status: 403, path: ["from"] },
    });
  });

  it("[Y44] refuses what does not fit, by its field", async () => {
    const { path, seq } = await open();
    const at = `${path}/${seq}`;
    const refusal = (action: string, body: unknown) =>
      refusalOf(callAsServer("POST", `${at}/${action}`, body));
    expect(await refusal("append", { text: "a" })).toMatchObject({ status: 400, path: ["n"] });
    expect(await refusal("append", { n: 1, patch: { text: "a" } })).toMatchObject({
      status: 400,
      path: ["patch"],
    });
    expect(await refusal("append", { n: 1, patch: [] })).toMatchObject({ status: 400, path: ["patch"] });
    expect(await refusal("append", { n: 1, text: "x".repeat(1_001) })).toMatchObject({ status: 413 });
    expect(await refusal("finish", { status: "interrupted" })).toMatchObject({
      status: 400,
      path: ["status"],
    });
    for (const body of [{ data: 1 }, { data: { text: 1 } }])
      expect(await refusalOf(callAsServer("POST", path, { ...body, stream: true }))).toMatchObject({
        ...{ status: 400, path: ["data"] },
      });
  });

  it("[Y45] is opened once under its id, also by a repeated call", async () => {
    const room = uniqueName("answers");
    const path = `/v1/rooms/${room}/messages`;
    const body = { data: {}, stream: true, id: "answer-1" };
    const first = await callAsServer("POST", path, body);
    const again = await callAsServer("POST", path, body);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(await again.json()).toMatchObject({ ...(await first.json<object>()), duplicate: true });
  });
});

describe("a poll", () => {
  it("[Y46] neither ends with what is appended or a stop, nor shows it, and hears the end", async () => {
    const room = uniqueName("answers");
    const path = `/v1/rooms/${room}/messages`;
    const ada = await join(room, "ada");
    const bo = await tokenFor("bo");
    const opened = await callAs(bo, "POST", path, { data: {}, stream: true });
    const { seq } = await opened.json<{ seq: number }>();
    const info = await callAsServer("GET", `/v1/rooms/${room}`);
    const { epoch, head } = await info.json<{ epoch: string; head: number }>();
    const poll = await callAs(bo, "GET", `/v1/rooms/${room}/events?since=${epoch}.${head}&wait=10`);
    await post(`${path}/${seq}/append`, { n: 1, text: "Hello" });
    await ada.next("append");
    await post(`${path}/${seq}/stop`);
    await post(`${path}/${seq}/finish`, { status: "complete" });
    const { events } = await poll.json<{ events: Record<string, unknown>[] }>();
    expect(events).toMatchObject([{ type: "messageUpdated", message: { seq, data: { text: "Hello" } } }]);
  });
});
