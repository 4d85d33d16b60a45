// The answer to a path that no route has: which methods it takes, or what may have been meant.

import type { Hono } from "hono";
import { refuse } from "../protocol/index.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { answerRefusal } from "./refusals.ts";

/** In place of a path outside of `BASE_PATH`. No request has it, as a blank in a path is escaped. */
export const OUTSIDE = "/v1/ outside";

/** The methods that a path has; none: it is no path of the API. */
export function methodsOf(app: Hono<AppEnv>, path: string): string[] {
  const segments = path.split("/");
  const methods = app.routes
    .filter(({ method, path }) => method !== "ALL" && path.split("/").length === segments.length)
    .filter(({ path }) => begins(path, segments, segments.length))
    .map(({ method }) => method);
  return [...new Set(methods)];
}

export function nothingAt(app: Hono<AppEnv>, c: AppContext): Response {
  const { method, path } = c.req;
  const methods = methodsOf(app, path);
  const words =
    methods.length > 0
      ? `this path takes ${methods.join(", ")}, not ${method}`
      : `there is nothing at this path: ${guess(app, path)}`;
  const response = answerRefusal(c, refuse("not_found", words));
  if (methods.length > 0) response.headers.set("Allow", methods.join(", "));
  return response;
}

function guess(app: Hono<AppEnv>, path: string): string {
  if (path === OUTSIDE) return "it lies outside of BASE_PATH";
  if (path.endsWith("/") && methodsOf(app, path.slice(0, -1)).length > 0) return "leave out the / at its end";
  return whatFollows(app, path.split("/")) ?? "calls begin with /v1/";
}

/** What comes after the longest part of the path that there is. */
function whatFollows(app: Hono<AppEnv>, segments: readonly string[]): string | undefined {
  const paths = app.routes.filter(({ method }) => method !== "ALL").map(({ path }) => path);
  // Two: an empty segment before the first slash, and `v1`.
  for (let length = segments.length; length >= 2; length--) {
    const fitting = paths.filter((path) => begins(path, segments, length));
    const next = new Set(fitting.map((path) => path.split("/")[length] ?? "").filter((name) => name !== ""));
    const [first = ""] = fitting;
    if (next.size > 0) return `after ${first.split("/").slice(0, length).join("/")} comes ${oneOf(next)}`;
  }
  return undefined;
}

function oneOf(names: Iterable<string>): string {
  const sorted = [...names].sort();
  const last = sorted.pop() ?? "";
  return sorted.length === 0 ? last : `${sorted.join(", ")} or ${last}`;
}

/** Whether a pattern and a path have the same first segments, `length` of them. */
function begins(pattern: string, segments: readonly string[], length: number): boolean {
  const parts = pattern.split("/").slice(0, length);
  return (
    parts.length === length &&
    parts.every((part, at) => (part.startsWith(":") ? segments[at] !== "" : part === segments[at]))
  );
}
