// The deployer's back end, which is asked what a user may do in a room. It refuses requests that are not signed. To
// extend it, give another function to `answerWith`.

import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import { configureRoom } from "./objects.ts";
import { TestSocket } from "./test-socket.ts";
import { callWith, type TokenOptions, tokenFor, uniqueName } from "./worker.ts";

export const WEBHOOK_SECRET = "a-webhook-secret-of-the-tests-that-is-long-enough";

export interface Question {
  readonly user: { readonly id: string; readonly name?: string };
  readonly room: string;
}

export type Answer = (question: Question, signal: AbortSignal) => unknown;

/** Checks a signature as a deployer's back end would, in code of its own. */
export async function isSignedForTest(headers: Headers, body: string): Promise<boolean> {
  const [, seconds, given] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers.get("Edge-Rooms-Signature") ?? "") ?? [];
  if (Math.abs(Date.now() / 1_000 - Number(seconds)) > 300) return false;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(WEBHOOK_SECRET), hmac, false, ["verify"]);
  const mac = Uint8Array.from(given?.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify("HMAC", key, mac, bytes(`${seconds}.${body}`));
}

/** Answers with the result of `answer`: an object as JSON, a `Response` as it is. */
export function startBackEnd(answer: Answer) {
  const url = `https://${uniqueName("backend").replaceAll("_", "-")}.example/may`;
  const settings = { AUTHORIZE_URL: url, WEBHOOK_SECRET };
  const questions: Question[] = [];
  const requests: RequestInit[] = [];
  let current = answer;
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    if (String(input) !== url || !init.signal) throw new Error(`unexpected request to ${String(input)}`);
    const body = String(init.body);
    if (!(await isSignedForTest(new Headers(init.headers), body)))
      return new Response("who are you?", { status: 401 });
    const question: Question = JSON.parse(body);
    questions.push(question);
    requests.push(init);
    const answered = await current(question, init.signal);
    return answered instanceof Response ? answered : Response.json(answered);
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  /** A token without a `rooms` claim. */
  const tokenOf = (user: string, { claims, ...options }: TokenOptions = {}) =>
    tokenFor(user, { ...options, claims: { rooms: undefined, ...claims } });

  /** A call as `user`, or without a token. With a body it is a POST. */
  async function ask(path: string, user: string | null, options: TokenOptions = {}, body?: unknown) {
    const headers = user === null ? {} : { Authorization: `Bearer ${await tokenOf(user, options)}` };
    const post = body !== undefined && { method: "POST", body: JSON.stringify(body) };
    return callWith(settings, path, { headers, ...post });
  }

  /** A room socket of `user`, in a room with these settings. */
  async function open(room: string, user: string): Promise<TestSocket> {
    await configureRoom(room, settings);
    const protocols = `edge-rooms.v1, token.${await tokenOf(user)}`;
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols };
    const { webSocket } = await callWith(settings, `/v1/rooms/${room}/connect`, { headers });
    if (webSocket === null) throw new Error("no socket");
    return new TestSocket(webSocket);
  }

  return {
    secrets: [WEBHOOK_SECRET, env.JWT_SECRET, url],
    settings,
    tokenOf,
    ask,
    open,
    /** The questions, the oldest first. */
    questions,
    requests,
    answerWith: (other: Answer) => {
      current = other;
    },
  };
}
