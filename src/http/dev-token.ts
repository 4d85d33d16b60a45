// Tokens for anybody, while somebody develops on their own machine. `npm run dev` switches it on for a run of its own,
// and only where nobody else reaches the server, or where it was told `--share`: the local runtime believes a client who
// sends `CF-Connecting-IP`, so here one can only see who does not hide that they come from elsewhere.

import { isUserId } from "../protocol/index.ts";
import { USER_ID } from "../validation/atoms.ts";
import type { AppContext } from "./app-context.ts";
import { refusing } from "./refusal-error.ts";
import { PRIVATE } from "./responses.ts";
import { signToken } from "./tokens.ts";

/** `none` would open nothing. */
const LEVELS = ["read", "write", "moderate"] as const;

/** As the name says, and not by a page whose name was pointed at this machine. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
const LOOPBACK = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;
/** Of a network of one's own. No client of a Worker that is deployed has such an address. */
const PRIVATE_NETWORK =
  /^(?:(?:::ffff:)?(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.[\d.]+|f[cd][\da-f]{2}:.*|fe[89ab][\da-f]:.*)$/i;
/** A proxy is a peer of this machine, also where its client is elsewhere. */
const PASSED_ON = ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"];

/** Anybody is whoever they say; where that is not so this path does not exist. */
export async function devToken(c: AppContext): Promise<Response> {
  if (!isWelcome(c)) return c.notFound();
  const user = c.req.query("user") ?? "";
  if (!isUserId(user)) throw refusing("bad_request", `user ${USER_ID}`, { path: ["user"] });
  const asked = c.req.query("permission") ?? "write";
  const permission = LEVELS.find((level) => level === asked);
  if (permission === undefined)
    throw refusing("bad_request", "permission must be read, write or moderate", { path: ["permission"] });
  const name = c.req.query("name")?.slice(0, 128);
  const rooms = { "*": permission };
  const token = await signToken(c.get("config"), { user, rooms, ...(name && { name }) });
  return c.json(token, 200, PRIVATE);
}

/** The runtime names the peer in `CF-Connecting-IP`; where it does not, nobody knows. */
function isWelcome(c: AppContext): boolean {
  const peer = c.req.header("CF-Connecting-IP") ?? "";
  switch (c.get("config").devTokens) {
    case "off":
      return false;
    case "share":
      return LOOPBACK.test(peer) || PRIVATE_NETWORK.test(peer);
    case "on": {
      const { hostname } = new URL(c.req.url);
      const isPassedOn = PASSED_ON.some((name) => c.req.header(name) !== undefined);
      return LOOPBACK.test(peer) && LOCAL_HOSTS.includes(hostname) && !isPassedOn;
    }
  }
}
