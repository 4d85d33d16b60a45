// Tokens for anybody, for development on one's own machine. `npm run dev` switches this path on, and only if no other
// machine reaches the server, or with `--share`. The local runtime believes a `CF-Connecting-IP` that a client sends,
// so the checks here only stop callers who do not hide where they come from.

import type { Next } from "hono";
import type { Config } from "../config/config.ts";
import { isUserId, refuse } from "../protocol/index.ts";
import { USER_ID } from "../validation/atoms.ts";
import type { AppContext } from "./app-context.ts";
import { refusing } from "./refusal-error.ts";
import { answerRefusal } from "./refusals.ts";
import { PRIVATE } from "./responses.ts";
import { signToken } from "./tokens.ts";

/** Without `none`, which would open nothing. */
const LEVELS = ["read", "write", "moderate"] as const;

/** Host names of this machine. A page whose DNS name points at this machine has another one. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
const LOOPBACK = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/**
 * An address, or a name that the public DNS does not have. A page of the internet whose own name points at this machine
 * for a while has another one, and sends no `Origin`, as for its browser this server is its own.
 */
const NAME_AT_HOME = /^(?:[\d.]+|\[[\da-f:.]+\]|[^.]+|[^/]+\.(?:local|lan|internal|home\.arpa))$/i;
/** Private networks. No client of a deployed Worker has such an address. */
const PRIVATE_NETWORK =
  /^(?:(?:::ffff:)?(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.[\d.]+|f[cd][\da-f]{2}:.*|fe[89ab][\da-f]:.*)$/i;
/** Headers of a proxy: its peer may be this machine while its client is another one. */
const PASSED_ON = ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"];

/** Whether `DEV_TOKENS` and the caller allow a token. */
export const makesTokensFor = (c: AppContext, config: Config): boolean => whyNot(c, config) === undefined;

/** Answers 404 where no token is made. Pages of allowed origins are admitted after it. */
export async function onlyForDevelopers(c: AppContext, next: Next): Promise<Response | undefined> {
  const why = whyNot(c, c.get("config"));
  if (why !== undefined) return answerRefusal(c, refuse("not_found", why));
  await next();
  return undefined;
}

/** Signs a token for the user that the query names, who is called by their id unless it has a name too. */
export async function devToken(c: AppContext): Promise<Response> {
  const user = c.req.query("user") ?? "";
  if (!isUserId(user)) throw refusing("bad_request", `user ${USER_ID}`, { path: ["user"] });
  const asked = c.req.query("permission") ?? "write";
  const permission = LEVELS.find((level) => level === asked);
  if (permission === undefined)
    throw refusing("bad_request", "permission must be read, write or moderate", { path: ["permission"] });
  const name = (c.req.query("name") || user).slice(0, 128);
  const rooms = { "*": permission };
  const token = await signToken(c.get("config"), { user, rooms, name });
  return c.json(token, 200, PRIVATE);
}

function whyNot(c: AppContext, config: Config): string | undefined {
  if (!isWelcome(c, config)) return WHY_NOT[config.devTokens];
  return isLocalPage(c) ? undefined : "a dev token is for pages of this machine, or of this server";
}

const WHY_NOT = {
  off: "there are no dev tokens here: npm run dev makes some, elsewhere your back end makes tokens",
  on: "a dev token is for this machine: call localhost, without a proxy in between",
  share:
    "a dev token is for your network: call an address, a name without a dot, or one in .local, .lan, .internal or .home.arpa",
};

/**
 * Whether the page, if it is one that calls, is from this machine or from this server. A page of the internet that runs in
 * the developer's browser gets no token, even if `ALLOWED_ORIGINS` has its origin.
 */
function isLocalPage(c: AppContext): boolean {
  const origin = c.req.header("Origin");
  if (origin === undefined) return true;
  const page = URL.parse(origin);
  return page !== null && (LOCAL_HOSTS.includes(page.hostname) || page.host === new URL(c.req.url).host);
}

/** The peer, which the runtime puts into `CF-Connecting-IP`. Without it the peer is unknown, and refused. */
function isWelcome(c: AppContext, { devTokens }: Config): boolean {
  const peer = c.req.header("CF-Connecting-IP") ?? "";
  const { hostname } = new URL(c.req.url);
  switch (devTokens) {
    case "off":
      return false;
    case "share":
      return NAME_AT_HOME.test(hostname) && (LOOPBACK.test(peer) || PRIVATE_NETWORK.test(peer));
    case "on": {
      const isPassedOn = PASSED_ON.some((name) => c.req.header(name) !== undefined);
      return LOOPBACK.test(peer) && LOCAL_HOSTS.includes(hostname) && !isPassedOn;
    }
  }
}
