// The server SDK inside of the Worker: its requests go to the app of this Worker, without a network.

import { ServerApi } from "../../../client/server/server-api.ts";
import { systemClock } from "../../../client/util/system-clock.ts";
import type { Env } from "../../env.ts";
import { createApp } from "../../http/app.ts";
import { trust } from "../../http/trusted-caller.ts";
import { COMMAND_TIMEOUT_MS } from "../../protocol/index.ts";

const app = createApp();

/** Where nothing is sent to. The app takes the path alone. */
const INSIDE = "https://rooms.inside";

/** The API for server code with the rights of an API key. `key` is the name that log lines give to the caller. */
export function serverInside(key: string, env: Env, context: ExecutionContext): ServerApi {
  const fetch = async (url: string, init: RequestInit): Promise<Response> =>
    app.fetch(trust(new Request(url, init), { kind: "server", key }), env, context);
  return new ServerApi({
    ports: { clock: systemClock, random: Math.random, newId: () => crypto.randomUUID(), fetch },
    base: INSIDE,
    apiKey: null,
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
}
