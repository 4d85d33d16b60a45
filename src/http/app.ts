// The stateless edge: origin, token and permission are checked here, before any object is called.

import { Hono, type MiddlewareHandler } from "hono";

import { type ConfigResult, configOf } from "../config/config.ts";
import type { Env } from "../env.ts";
import { log } from "../log/log.ts";
import { refuse } from "../protocol/index.ts";
import type { AppEnv } from "./app-context.ts";
import { broadcast } from "./broadcast.ts";
import { connectRoom, connectSession, noSocketAt, onlyConnectPaths, refuseVisibly } from "./connect.ts";
import { crossOrigin } from "./cross-origin.ts";
import { serveAsset } from "./demo.ts";
import { devToken, onlyForDevelopers } from "./dev-token.ts";
import { serveAsyncApi, serveOpenApi } from "./documents.ts";
import { reportFailure } from "./failures.ts";
import { health } from "./health.ts";
import { me } from "./me.ts";
import { metrics } from "./metrics.ts";
import { nothingAt, OUTSIDE } from "./not-found.ts";
import { notify } from "./notify.ts";
import { pollSession, sendToSession } from "./poll-connection.ts";
import { pushKey } from "./push.ts";
import { refusalOf } from "./refusal-error.ts";
import { answerRefusal } from "./refusals.ts";
import { listRooms, listUsers, stats } from "./registry.ts";
import { isDecodable } from "./request-url.ts";
import { rooms } from "./rooms.ts";
import { tokens } from "./tokens.ts";
import { trustedCaller } from "./trusted-caller.ts";
import { users } from "./users.ts";

/** The settings, or what is wrong with them, which is logged once for each environment. */
function settingsOf(env: Env): ConfigResult {
  const result = configOf(env);
  if (!result.ok && !complained.has(env)) log("wrong_settings", { problems: result.problems });
  if (!result.ok) complained.add(env);
  return result;
}

const complained = new WeakSet<Env>();

/** Refuses a path that cannot be decoded: Hono would pass on another name than the client meant. */
const wholePath: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!isDecodable(c.req.path))
    return refuseVisibly(c, refuse("bad_request", "the path has a % that escapes no character"));
  await next();
  return undefined;
};

const withConfig: MiddlewareHandler<AppEnv> = async (c, next) => {
  const result = settingsOf(c.env);
  if (!result.ok) return refuseVisibly(c, refuse("internal", "settings are missing or wrong: see /health"));
  c.set("config", result.config);
  await next();
  return undefined;
};

export function createApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ getPath });
  app.get("/health", (c) => health(c, settingsOf(c.env)));
  app.use(withConfig);
  app.use("/v1/*", wholePath);
  app.get("/v1/rooms/:room/connect", connectRoom);
  app.get("/v1/connect", connectSession);
  app.use(onlyConnectPaths);
  app.get("/v1/openapi.json", serveOpenApi);
  app.get("/v1/asyncapi.json", serveAsyncApi);
  app.use("/v1/*", crossOrigin(app));
  app.post("/v1/poll", pollSession);
  app.post("/v1/commands", sendToSession);
  app.get("/v1/stats", stats);
  app.get("/v1/metrics", metrics);
  app.get("/v1/rooms", listRooms);
  app.get("/v1/users", listUsers);
  app.route("/v1/rooms", rooms);
  app.route("/v1/broadcast", broadcast);
  app.route("/v1/notify", notify);
  app.route("/v1/me", me);
  app.route("/v1/push", pushKey);
  app.route("/v1/users", users);
  app.route("/v1/tokens", tokens);
  app.all("/v1/*", (c) => c.notFound());
  app.use("/dev/token", onlyForDevelopers, crossOrigin(app));
  app.get("/dev/token", devToken);
  app.get("*", serveAsset);
  app.notFound((c) => noSocketAt(c) ?? nothingAt(app, c));
  app.onError((error, c) => {
    const refusal = refusalOf(error);
    if (refusal === undefined) reportFailure("request_failed", { path: c.req.path, error });
    return answerRefusal(c, refusal ?? refuse("internal", "this failed here"));
  });
  return app;
}

/** Takes `BASE_PATH` off the path, as routes are written without it. Outside of it there is nothing. */
function getPath(request: Request, options?: { env?: Env }): string {
  const { pathname } = new URL(request.url);
  // It was not sent to an address.
  if (trustedCaller(request) !== undefined) return pathname;
  const result = options?.env === undefined ? undefined : settingsOf(options.env);
  const base = (result?.ok ? result.config.basePath : result?.basePath) ?? "";
  if (base === "" || pathname.startsWith(`${base}/`)) return pathname.slice(base.length);
  return pathname === base ? "/" : OUTSIDE;
}
