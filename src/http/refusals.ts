// Refusals of the edge: each is answered and logged here. Anybody can cause them, so the lines are limited, and what the
// caller chose is cut.

import type { Config } from "../config/config.ts";
import type { Env } from "../env.ts";
import type { LogFields } from "../log/catalogue.ts";
import { LimitedLog, type Seen } from "../log/limited-log.ts";
import { printable } from "../log/printable.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { metricsOf } from "../metrics/runtime/metrics-of.ts";
import { isRoomName, type Refusal } from "../protocol/index.ts";
import type { AppContext } from "./app-context.ts";
import { httpRefusal } from "./responses.ts";

const calls = new LimitedLog("refused");
const connections = new LimitedLog("refused");

/** Answers a call with a refusal. */
export function answerRefusal(c: AppContext, refusal: Refusal): Response {
  noteRefusedCall(c, refusal);
  return httpRefusal(c.req.raw, refusal);
}

/** Logs a call that is refused, or the part of it that is for `target`. */
export function noteRefusedCall(c: AppContext, refusal: Refusal, target: Partial<Caller> = {}): void {
  const { code, message } = refusal;
  count(c, refusal);
  calls.note(code, { ...linesOf(c, refusal, target), kind: "call" }, Date.now(), message);
}

/** Logs the refusal of a connection, over a socket or over calls. */
export function noteRefusedConnection(c: AppContext, refusal: Refusal): void {
  const { code, message } = refusal;
  count(c, refusal);
  connections.note(code, { ...linesOf(c, refusal, {}), kind: "connection" }, Date.now(), message);
}

/** Refused connections by code, the latest first. */
export const refusedConnectionsSeen = (): Seen[] => connections.seen();

/** Of this isolate. A test may have several environments. */
const metrics = new WeakMap<Env, Metrics>();

function count(c: AppContext, refusal: Refusal): void {
  const config: Config | undefined = c.get("config");
  if (config === undefined) return;
  current = c.executionCtx;
  const known =
    metrics.get(c.env) ?? metricsOf(c.env, config, { source: "edge" }, (work) => current?.waitUntil(work));
  metrics.set(c.env, known);
  known.noted({ kind: "refused", refusal }, Date.now());
}

/** The context of the request that is refused: `noted` uses it at once, before another request can be refused. */
let current: Pick<ExecutionContext, "waitUntil"> | undefined;

interface Caller {
  readonly room: string;
  readonly user: string | null;
}

function linesOf(
  c: AppContext,
  { code, message, path }: Refusal,
  target: Partial<Caller>,
): Omit<LogFields<"refused">, "kind"> {
  const { method, path: url } = c.req;
  const room = roomIn(url);
  return {
    ...{ code, reason: message, method, path: printable(url) },
    ...(room !== undefined && { room }),
    ...c.get("caller"),
    ...target,
    ...(path !== undefined && { at: printable(path.join(".")) }),
  };
}

/** The room that a path names. Whatever a caller writes there in place of one is seen in the path. */
function roomIn(path: string): string | undefined {
  const name = /^\/v1\/rooms\/([^/]+)/.exec(path)?.[1];
  return name !== undefined && isRoomName(name) ? name : undefined;
}
