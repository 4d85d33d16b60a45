import { version } from "../../package.json";
import { findApiKey } from "../auth/api-key.ts";
import { credentialOf } from "../auth/credentials.ts";
import { refusedTokensSeen } from "../auth/token-log.ts";
import type { Config, ConfigResult } from "../config/config.ts";
import { isOfTheCode } from "../object/runtime/opening.ts";
import type { AppContext } from "./app-context.ts";
import { makesTokensFor } from "./dev-token.ts";
import { openingFaults } from "./failures.ts";
import { refusedConnectionsSeen } from "./refusals.ts";
import { PRIVATE } from "./responses.ts";

/**
 * Answers what is wrong in the settings, and what keeps objects from opening. With an API key also the version of this
 * code, and how often tokens and connects were refused, by reason and without users: in this isolate, since it started. The page learns here whether it
 * can have a token: to try would be a failed request in the browser's log.
 */
export async function health(c: AppContext, result: ConfigResult): Promise<Response> {
  const headers = { ...PRIVATE, "Access-Control-Allow-Origin": "*" };
  if (!result.ok) return c.json({ ok: false, problems: result.problems }, 500, headers);
  const objects = openingFaults(Date.now());
  const isServer = await bearsApiKey(c.req.raw, result.config);
  const health = {
    // A single object that fails does not make the deployment unhealthy.
    ok: !objects.some(({ reason }) => isOfTheCode(reason)),
    ...(objects.length > 0 && { objects }),
    ...(makesTokensFor(c, result.config) && { devTokens: true }),
    ...(isServer && {
      version,
      refused: { tokens: refusedTokensSeen(), connects: refusedConnectionsSeen() },
    }),
  };
  return c.json(health, health.ok ? 200 : 500, headers);
}

async function bearsApiKey(request: Request, { apiKeys }: Config): Promise<boolean> {
  const credential = credentialOf(request, { inQuery: false });
  return credential.kind === "token" && (await findApiKey(apiKeys, credential.token)) !== undefined;
}
