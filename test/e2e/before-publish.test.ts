// docs/moderation.md, and the real client with a real server that asks a back end before a message is stored.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { verifySignature } from "../../client/server/index.ts";
import { freePort, type LocalServer } from "../support/local-server.ts";
import { Guests, startTestServer, storedIn, uniqueName, waitFor } from "./support/world.ts";

const root = join(import.meta.dirname, "../..");
const SECRET = "a-webhook-secret-of-the-tests-that-is-long-enough";
const guests = new Guests();
const folder = mkdtempSync(join(tmpdir(), "moderation-"));

interface Asked {
  readonly type: string;
  readonly room: string;
  readonly user: { readonly id: string };
  readonly data: unknown;
}

const PASS = { action: "pass" };
let answer: (asked: Asked, body: string, request: IncomingMessage) => unknown = () => PASS;
const asked: Asked[] = [];

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  if (!(await verifySignature(request.headers["edge-rooms-signature"], body, SECRET))) {
    response.writeHead(401).end();
    return;
  }
  const question: Asked = JSON.parse(body);
  asked.push(question);
  const answered = await answer(question, body, request);
  if (typeof answered === "number") response.writeHead(answered).end();
  else response.setHeader("Content-Type", "application/json").end(JSON.stringify(answered));
}

const backEnd = createServer((request, response) => void serve(request, response));
let local: LocalServer;
let example: ChildProcess | undefined;

beforeAll(async () => {
  const port = await freePort();
  await new Promise<void>((resolve) => backEnd.listen(port, "127.0.0.1", resolve));
  local = await startTestServer({
    BEFORE_PUBLISH_URL: `http://127.0.0.1:${port}/judge`,
    BEFORE_PUBLISH_TOPICS: "chat:closed,note:open",
    BEFORE_PUBLISH_TIMEOUT_MS: 5_000,
    WEBHOOK_SECRET: SECRET,
  });
});
beforeEach(() => {
  answer = () => PASS;
  asked.length = 0;
});
afterAll(async () => {
  guests.close();
  example?.kill();
  backEnd.closeAllConnections();
  backEnd.close();
  rmSync(folder, { recursive: true, force: true });
  await local?.stop();
});

const flagOf = (message: object): unknown => ("flag" in message ? message.flag : undefined);

async function pair() {
  const name = uniqueName("judged");
  const [ada, bo] = [guests.enter(local.url, name, "ada"), guests.enter(local.url, name, "bo")];
  await Promise.all([ada.live(), bo.live()]);
  return { name, ada, bo };
}

describe("what a back end says of a message", () => {
  it("[Z136] is what all see: a change also by its sender, in the place of what was written", async () => {
    const { ada, bo } = await pair();
    answer = ({ data }) => ({ action: "change", data: String(data).replace("darn", "d***"), flag: "masked" });
    await ada.room.send("darn it", { echo: false });
    await ada.room.send("oh darn");
    await waitFor("bo has both", () => bo.texts().length === 2);
    for (const { room } of [ada, bo])
      expect(room.messages.map((message) => [message.data, flagOf(message), message.from?.id])).toEqual([
        ["d*** it", "masked", "ada"],
        ["oh d***", "masked", "ada"],
      ]);
    const [first] = ada.room.messages;
    answer = () => PASS;
    await ada.room.edit(first?.seq ?? 0, "fine");
    await waitFor("bo sees the edit", () => bo.room.messages[0]?.data === "fine");
    expect(bo.room.messages[0]).not.toHaveProperty("flag");
  });

  it("[Z136] reaches the sender's catch as words, and the message is not sent again", async () => {
    const { ada, bo } = await pair();
    answer = () => ({ action: "refuse", message: "No links, please." });
    await expect(ada.room.send("https://…")).rejects.toMatchObject({
      code: "forbidden",
      message: "No links, please.",
    });
    expect(ada.room.outbox).toMatchObject([{ status: "failed", error: { message: "No links, please." } }]);
    answer = () => PASS;
    await ada.room.send("hello");
    await bo.receives("hello");
    expect(bo.texts()).toEqual(["hello"]);
    expect(asked.map(({ data }) => data)).toEqual(["https://…", "hello"]);
  });

  it("[Z120] delays only its sender while it is not known", async () => {
    const { name, ada, bo } = await pair();
    let goOn: (answer: unknown) => void = () => {};
    answer = ({ data }) =>
      data === "slow"
        ? new Promise((resolve) => {
            goOn = resolve;
          })
        : PASS;
    const slow = ada.room.send("slow");
    const behind = ada.room.send("behind");
    await waitFor("the question", () => asked.length > 0);
    await bo.room.send("quick");
    await ada.receives("quick");
    expect(asked.map(({ data }) => data)).toEqual(["slow", "quick"]);
    goOn(PASS);
    await Promise.all([slow, behind]);
    expect(await storedIn(local, name)).toEqual(["quick", "slow", "behind"]);
  });
});

describe("a back end that is down", () => {
  it("[Z137] lets pass what is open; what is closed the outbox delivers later, once and in order", async () => {
    const { name, ada, bo } = await pair();
    answer = () => 503;
    expect(await ada.room.send("open", { event: "note" })).toMatchObject({ seq: 1 });
    const sent = ["one", "two", "three"].map((data) => ada.room.send(data));
    await waitFor("it was asked", () => asked.length >= 2);
    // It is back at once, while the first refusal is on its way.
    answer = () => PASS;
    expect(ada.room.outbox.map(({ data }) => data)).toEqual(["one", "two", "three"]);
    const seqs = (await Promise.all(sent)).map(({ seq }) => seq);
    expect(seqs).toEqual([2, 3, 4]);
    await bo.receives("three");
    expect(await storedIn(local, name)).toEqual(["open", "one", "two", "three"]);
  });
});

describe("the back end of docs/moderation.md", () => {
  it("[Z138] refuses one word, flags another, and answers nobody without a signature", async () => {
    const [, program = ""] =
      /```js\n(.*?)```/s.exec(readFileSync(join(root, "docs/moderation.md"), "utf8")) ?? [];
    const file = join(folder, "moderate.mjs");
    await build({
      stdin: { contents: program, resolveDir: root, loader: "js" },
      alias: { "edge-rooms/server": join(root, "client/server/index.ts") },
      bundle: true,
      format: "esm",
      platform: "node",
      outfile: file,
      logLevel: "silent",
    });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    example = spawn(process.execPath, [file], {
      env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: SECRET },
      stdio: "inherit",
    });
    await waitFor("the example answers", () =>
      fetch(url, { method: "POST", body: "{}" }).then(
        ({ status }) => status === 401,
        () => false,
      ),
    );
    answer = async (_, body, { headers }) => {
      const signed = { "Edge-Rooms-Signature": String(headers["edge-rooms-signature"]) };
      return (await fetch(url, { method: "POST", headers: signed, body })).json();
    };
    const { name, ada, bo } = await pair();
    await expect(ada.room.send({ text: "the best CASINO" })).rejects.toMatchObject({
      code: "forbidden",
      message: "Please no advertising here.",
    });
    await ada.room.send({ text: "my phone number" });
    await ada.room.send({ text: "hello" });
    await waitFor("bo has both", () => bo.room.messages.length === 2);
    expect(bo.room.messages.map(flagOf)).toEqual(["private-data", undefined]);
    expect(await storedIn(local, name)).toEqual([{ text: "my phone number" }, { text: "hello" }]);
  });
});
