// `npm run smoke` beside servers that are not as they should be. Beside a real one: test/e2e/smoke.test.ts.

import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Patience } from "../../../src/tools/patience.ts";
import { SmokeApi } from "../../../src/tools/smoke-api.ts";
import { SmokeChecks } from "../../../src/tools/smoke-checks.ts";
import { parseSmokeOptions } from "../../../src/tools/smoke-options.ts";
import { type CheckOutcome, runChecks } from "../../../src/tools/smoke-run.ts";

const KEY = "a-key-that-is-never-printed";
let close = () => {};
afterEach(() => close());

async function serve(listener: RequestListener, onUpgrade?: (respond: (bytes: string) => void) => void) {
  const server = createServer(listener);
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.on("error", () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    onUpgrade?.((bytes) => (bytes === "" ? socket.destroy() : socket.write(Buffer.from(bytes, "latin1"))));
  });
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

async function smoke(url: string): Promise<readonly CheckOutcome[]> {
  const checks = new SmokeChecks(new SmokeApi({ url, apiKey: KEY, patience: new Patience(0.3, 30) }));
  const outcomes = await runChecks(checks.checks(), () => {});
  await checks.cleanUp();
  expect(JSON.stringify(outcomes)).not.toContain(KEY);
  return outcomes;
}

/** The first check that failed, and what it said; everything before it was well, everything after it left out. */
async function failureAt(url: string): Promise<string> {
  const outcomes = await smoke(url);
  const at = outcomes.findIndex(({ outcome }) => outcome === "FAILED");
  expect(outcomes.slice(0, at).every(({ outcome }) => outcome === "ok")).toBe(true);
  expect(outcomes.slice(at + 1).every(({ outcome }) => outcome === "left out")).toBe(true);
  return `${outcomes[at]?.name}: ${outcomes[at]?.detail}`;
}

/** Answers as a deployment does, as far as the users of the checks. */
const likeOurs: RequestListener = ({ url, method }, response) => {
  const answer = url === "/health" ? { ok: true } : method === "POST" ? { token: "a.b.c" } : { head: 0 };
  response.end(JSON.stringify(answer));
};

describe("npm run smoke", () => {
  it.each<[string, RequestListener, string]>([
    [
      "that never answers",
      () => {},
      "health: an answer did not come within 0.3 s. Nothing else can be checked.",
    ],
    [
      "that is another one",
      (_, response) => response.writeHead(404).end("<html>"),
      "health: this is no Edge Rooms: /health was answered with 404",
    ],
    [
      "that redirects",
      (_, response) => response.writeHead(301, { Location: "https://rooms.example.com/health" }).end(),
      "health: it redirects to https://rooms.example.com: name that address",
    ],
    [
      "with a setting that is wrong",
      (_, response) => response.writeHead(500).end('{"ok":false,"problems":["JWT_SECRET is missing"]}'),
      "health: it says that it is not well: JWT_SECRET is missing",
    ],
    ["that breaks off", ({ socket }) => socket.destroy(), "health: cannot be reached: "],
    [
      "with other keys",
      ({ url }, response) =>
        url === "/health"
          ? response.end('{"ok":true}')
          : response.writeHead(401).end('{"error":{"code":"unauthorized"}}'),
      "API key: the API key is refused: API_KEY must be one of API_KEYS",
    ],
    [
      "that makes no tokens",
      (request, response) =>
        request.url === "/v1/tokens"
          ? response.writeHead(403).end('{"error":{"code":"forbidden"}}')
          : likeOurs(request, response),
      "tokens: POST /v1/tokens was answered with 403 forbidden. Without JWT_SECRET",
    ],
  ])("[O44] says in one sentence what is wrong with a server %s", async (_, listener, said) => {
    expect(await failureAt(await serve(listener))).toContain(said);
  });

  it("[O44] says that nothing listens", async () => {
    const url = await serve(() => {});
    close();
    expect(await failureAt(url)).toContain("health: cannot be reached: nothing listens there");
  });

  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is signed by itself"],
    [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "its certificate is signed by an authority that this machine does not know",
    ],
    [
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "its certificate is signed by an authority that this machine does not know: name a file",
    ],
    ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ])("[O47] says what is wrong with a certificate: %s", async (code, said) => {
    const cause = Object.assign(new Error("a text of OpenSSL"), { code });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause })));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    expect(await failureAt("https://rooms.example.com")).toContain(`health: cannot be reached: ${said}`);
  });

  it("[O47] says that a server speaks no TLS", async () => {
    const url = await serve(likeOurs);
    expect(await failureAt(url.replace("http:", "https:"))).toContain("cannot be reached: it speaks no TLS");
  });

  it("[O48] ends when its time is over, however long one answer may take", async () => {
    const url = await serve(() => {});
    const checks = new SmokeChecks(new SmokeApi({ url, apiKey: KEY, patience: new Patience(10, 0.1) }));
    const [first] = await runChecks(checks.checks(), () => {});
    expect(first?.detail).toContain("the 0.1 s, which all checks may take together, are over");
  });

  it("[O48] leaves out what comes after its time, and has time of its own to clean up", async () => {
    const patience = new Patience(10, 0.05);
    const never = () => patience.within("an answer", new Promise<string>(() => {}));
    const check = { meaning: "It matters.", run: never };
    const outcomes = await runChecks(
      [
        { ...check, name: "one" },
        { ...check, name: "two" },
      ],
      () => {},
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["FAILED", "left out"]);
    patience.restart(10);
    expect(await patience.within("an answer", Promise.resolve("here"))).toBe("here");
  });

  it.each<[string, string[], string]>([
    ["says nothing", [], 'connect: "connected" did not come within 0.3 s. No client comes in.'],
    ["closes", ["\x88\x02\x11\x31"], "connect: the connection closed with 4401 , before "],
    ["breaks off", [""], "connect: the connection closed with 1006 , before "],
    ["says what is no frame of ours", ["\x81\x03abc"], "connect: the connection closed with 1006 , before "],
  ])("[O44] ends where a socket %s", async (_, bytes, said) => {
    const url = await serve(likeOurs, (respond) => bytes.forEach(respond));
    expect(await failureAt(url)).toContain(said);
  });

  it.each([
    [[], KEY, "API_KEY=… npm run smoke"],
    [["rooms.example.com"], KEY, "begin with https://"],
    [["ftp://rooms.example.com"], KEY, "must begin with https://"],
    [["http://rooms.example.com"], KEY, "would read the key"],
    [["https://me@rooms.example.com"], KEY, "taken from API_KEY"],
    [["https://rooms.example.com"], undefined, "has no API_KEY"],
    [["https://rooms.example.com"], `${KEY}\n${KEY}`, "must be one key"],
    [["https://rooms.example.com"], `${KEY},${KEY}`, "must be one key"],
    [["https://rooms.example.com"], `${KEY}\u2028`.repeat(2), "must be one key"],
    [["https://rooms.example.com", "--josn"], KEY, "API_KEY=… npm run smoke"],
    [["https://rooms.example.com", "--timeout", "soon"], KEY, "takes seconds"],
  ])("[O44] refuses the call %j", (args, key, said) => {
    const parsed = parseSmokeOptions(args, key);
    expect(parsed).toMatchObject({ kind: "wrong", message: expect.stringContaining(said) });
    expect(JSON.stringify(parsed)).not.toContain(KEY);
  });
});
