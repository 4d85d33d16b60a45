// What `npm run smoke` is asked, and what it needs.

import { parseArgs } from "node:util";

export interface SmokeOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly apiKey: string;
  readonly asJson: boolean;
  /** How long each answer may take. */
  readonly seconds: number;
  /** How long all checks may take together. With 5 s for what is removed in the end it makes 30 s. */
  readonly allSeconds: number;
}

export type ParsedSmoke =
  | ({ readonly kind: "smoke" } & SmokeOptions)
  | { readonly kind: "wrong"; readonly message: string };

const USAGE = "API_KEY=… npm run smoke -- https://rooms.example.com [--json] [--timeout 8]";
const ALL_SECONDS = 25;
/** One key: of several, or with a line break in it, `fetch` would show the text in its error. */
const KEY = /^[!-+\--~]+$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export function parseSmokeOptions(args: readonly string[], apiKey: string | undefined): ParsedSmoke {
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: { json: { type: "boolean" }, timeout: { type: "string" } },
  });
  const [address = "", ...more] = positionals;
  const { json, timeout = "8", ...others } = values;
  const seconds = Number(timeout);
  if (address === "" || more.length > 0 || Object.keys(others).length > 0) return wrong(USAGE);
  if (!(seconds > 0)) return wrong(`--timeout takes seconds. ${USAGE}`);
  if (!URL.canParse(address)) return wrong(`"${address}" is no address: begin with https://. ${USAGE}`);
  const { protocol, hostname, origin, pathname, username } = new URL(address);
  if (protocol !== "https:" && protocol !== "http:")
    return wrong(`The address must begin with https://, not ${protocol}`);
  if (username !== "") return wrong("The address must hold no user: the key is taken from API_KEY.");
  if (protocol === "http:" && !LOOPBACK.test(hostname))
    return wrong("Over http:// everyone on the way would read the key: use https://.");
  if (apiKey === undefined || apiKey.trim() === "")
    return wrong(
      `The environment has no API_KEY: one of API_KEYS of the deployment, without its name. ${USAGE}`,
    );
  if (!KEY.test(apiKey.trim()))
    return wrong(
      "API_KEY must be one key of API_KEYS, without its name: it has a comma, a blank or a line break in it.",
    );
  const url = origin + pathname.replace(/\/+$/, "");
  const allSeconds = Math.max(ALL_SECONDS, 3 * seconds);
  return { kind: "smoke", url, apiKey: apiKey.trim(), asJson: json === true, seconds, allSeconds };
}

const wrong = (message: string): ParsedSmoke => ({ kind: "wrong", message });
