import { COMMAND_TIMEOUT_MS } from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";
import type { Ports } from "../util/ports.ts";
import { systemClock } from "../util/system-clock.ts";
import { baseUrl } from "../util/url.ts";
import type { ServerContext } from "./server-call.ts";

export interface ServerApiOptions {
  /** The address of the deployment, such as `https://rooms.example.com`, with its `BASE_PATH` if it has one. */
  readonly url: string | undefined;
  /** One of the `API_KEYS` of the deployment. No error and no log shows it. */
  readonly apiKey: string | undefined;
  /**
   * Milliseconds for each call, with all tries and the waits between them. After that it rejects.
   *
   * @default 30_000
   */
  readonly timeoutMs?: number;
  /**
   * Makes the requests. A Worker passes that of a service binding here: `(url, init) => env.ROOMS.fetch(url, init)`.
   * Default: the `fetch` of the platform.
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * Allows this in a page. Everybody who opens the page can read the key, which may do everything: only for pages that
   * no other person can open.
   *
   * @default false
   */
  readonly dangerouslyAllowBrowser?: boolean;
}

/** Throws `bad_request` where an option cannot be used. */
export function serverContext(
  { url, apiKey, timeoutMs = COMMAND_TIMEOUT_MS, fetch, dangerouslyAllowBrowser }: ServerApiOptions,
  ports: Pick<Ports, "clock" | "random" | "newId"> = {
    clock: systemClock,
    random: Math.random,
    newId: () => crypto.randomUUID(),
  },
): ServerContext {
  if (isPage() && !dangerouslyAllowBrowser)
    throw refused("An API key may do everything, and a page shows it to everybody: use it on a server only.");
  if (!url) throw refused("url is missing.");
  if (!apiKey) throw refused("apiKey is missing.");
  if (!isHeaderValue(apiKey)) throw refused("apiKey has characters that no header can carry.");
  return {
    // Workers take `fetch` only by itself, not as a method.
    ports: { ...ports, fetch: fetch ?? ((address, init) => globalThis.fetch(address, init)) },
    base: baseUrl(url, undefined),
    apiKey,
    timeoutMs,
  };
}

const refused = (message: string) => new RoomsError("bad_request", message);

/** Neither Workers nor Deno have a `document`. */
const isPage = (): boolean => "window" in globalThis && "document" in globalThis;

function isHeaderValue(text: string): boolean {
  try {
    new Headers().set("Authorization", `Bearer ${text}`);
    return true;
  } catch {
    return false;
  }
}
