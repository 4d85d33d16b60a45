// HTTP calls of `npm run smoke`. What is wrong with a deployment, or with the address, becomes one sentence. The key and
// tokens stand in none.

import type { Patience, Within } from "./patience.ts";

export interface Called {
  readonly status: number;
  /** `undefined`: it was no JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const TRUST = "name a file with it in NODE_EXTRA_CA_CERTS";
const UNKNOWN_AUTHORITY = `its certificate is signed by an authority that this machine does not know: ${TRUST}`;
const NO_TLS = "it speaks no TLS: is it https:// at this port?";

/** What the codes of Node and OpenSSL mean here. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: "this name has no address: is it spelt right?",
  EAI_AGAIN: "this name has no address, or this machine has no network",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the other end broke the connection off",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is signed by itself: ${TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
};

export class SmokeApi {
  readonly url: string;
  readonly patience: Patience;
  readonly within: Within;
  readonly #apiKey: string;

  constructor({ url, apiKey, patience }: { url: string; apiKey: string; patience: Patience }) {
    this.url = url;
    this.patience = patience;
    this.within = patience.within;
    this.#apiKey = apiKey;
  }

  /** With the API key. Rejects what is no success. */
  async asServer(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
    const { status, json } = await this.call(method, path, { body, key: this.#apiKey });
    if (status >= 200 && status < 300) return json ?? {};
    if (status === 401)
      throw new Error(
        "the API key is refused: API_KEY must be one of API_KEYS of this deployment, without its name",
      );
    throw new Error(`${method} ${path} was answered with ${status} ${codeOf(json)}`);
  }

  async call(method: string, path: string, { body, key }: CallOptions = {}): Promise<Called> {
    const init = {
      method,
      redirect: "manual",
      headers: {
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    } as const;
    const response = await this.within("an answer", fetch(this.url + path, init)).catch(explain);
    const { status } = response;
    if (status >= 300 && status < 400) {
      const to = response.headers.get("Location") ?? "nowhere";
      throw new Error(
        `it redirects to ${to.replace(/\/health$/, "")}: name that address, as sockets follow no redirect`,
      );
    }
    const text = await this.within("the rest of an answer", response.text());
    return { status, json: parsed(text) };
  }
}

interface CallOptions {
  readonly body?: object | undefined;
  readonly key?: string;
}

function parsed(text: string): Called["json"] {
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** The code of a refusal. */
function codeOf(json: Called["json"]): string {
  return isRecord(json?.error) ? String(json.error.code) : "";
}

/** `fetch` says only that it failed; why stands in the cause. */
function explain(error: unknown): never {
  const { cause } = Object(error);
  const { code = "", message = "" } = Object(cause);
  const why = CAUSES[code] ?? message;
  throw why === "" ? error : new Error(`cannot be reached: ${why}`);
}
