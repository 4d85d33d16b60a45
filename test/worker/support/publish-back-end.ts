// The deployer's back end that is asked before a message is stored. It refuses requests that are not signed. A test says
// what it answers, or holds its answers back until it `lets` them go.

import { expect, onTestFinished, vi } from "vitest";
import { isSignedForTest, WEBHOOK_SECRET } from "./back-end.ts";
import { configureRoom, type Settings } from "./objects.ts";
import { uniqueName } from "./worker.ts";

export interface Asked {
  readonly type: "send" | "edit";
  readonly room: string;
  readonly user: { readonly id: string; readonly name?: string };
  readonly event: string;
  readonly seq?: number;
  readonly data: unknown;
  readonly replyTo?: number;
  readonly mentions?: readonly string[];
}

/** An object is answered as JSON, a `Response` as it is. */
export type Answers = (asked: Asked, signal: AbortSignal) => unknown;

export const PASS = { action: "pass" };

interface Held {
  readonly asked: Asked;
  answer: unknown;
}

/** Answers when it is let go, in the order of `waiting`. */
export function heldAnswers() {
  const waiting: Held[] = [];
  return {
    waiting,
    async answers(asked: Asked): Promise<unknown> {
      const held: Held = { asked, answer: undefined };
      waiting.push(held);
      // Not a promise of the test: an object cannot wait for what another context does.
      while (held.answer === undefined) await scheduler.wait(5);
      return held.answer;
    },
    /** Answers the oldest question, once it is there. */
    async lets(answer: unknown = PASS): Promise<void> {
      await expect.poll(() => waiting.length).toBeGreaterThan(0);
      const held = waiting.shift();
      if (held !== undefined) held.answer = answer;
    },
  };
}

export async function startPublishBackEnd(answers: Answers, settings: Settings = {}) {
  const url = `https://${uniqueName("judge").replaceAll("_", "-")}.example/judge`;
  const all = { BEFORE_PUBLISH_URL: url, WEBHOOK_SECRET, ...settings };
  const asked: Asked[] = [];
  const requests: RequestInit[] = [];
  let current = answers;
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    if (String(input) !== url || !init.signal) throw new Error(`unexpected request to ${String(input)}`);
    const body = String(init.body);
    if (!(await isSignedForTest(new Headers(init.headers), body))) return new Response("", { status: 401 });
    const question: Asked = JSON.parse(body);
    asked.push(question);
    requests.push(init);
    const answer = await current(question, init.signal);
    return answer instanceof Response ? answer : Response.json(answer);
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return {
    asked,
    requests,
    settings: all,
    /** A room that asks it. */
    async room(more: Settings = {}): Promise<string> {
      const room = uniqueName("judged");
      await configureRoom(room, { ...all, ...more });
      return room;
    },
    answerWith(other: Answers): void {
      current = other;
    },
  };
}
