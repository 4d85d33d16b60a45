import { RoomsError } from "../util/errors.ts";

export interface SignatureOptions {
  /**
   * How many seconds the signature may be old, or ahead of this clock. A recorded request can be sent again for
   * that long.
   *
   * @default 300
   */
  readonly toleranceSeconds?: number;
  /** The time to compare with, in milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: number;
}

/** The value of `Edge-Rooms-Signature`, or what stands where it is missing. */
export type SignatureHeader = string | readonly string[] | null | undefined;

/** `WEBHOOK_SECRET` of the deployment; while it is replaced, the new one and the old one. */
export type Secrets = string | readonly string[] | undefined;

const HMAC = { name: "HMAC", hash: "SHA-256" };

/**
 * Whether a request comes from your deployment of Edge Rooms: whether its `Edge-Rooms-Signature` was made with your
 * secret, over this body, within the last five minutes. Your back end asks it about each request to `AUTHORIZE_URL`.
 *
 * `header` is the value of `Edge-Rooms-Signature` (`t=1790000000,v1=…`), or what stands where it is missing. `body` is
 * the raw body: parse it after this, as JSON that was parsed and written again may be another text. `secret` is what
 * `WEBHOOK_SECRET` is in the deployment; while you replace it, give the new one and the old one. Blanks at its ends do not
 * count, as in the deployment.
 *
 * Resolves with `false` where the request is not to be trusted, whatever is wrong with it. The comparison takes the same
 * time for every signature. Rejects with `bad_request` where there is no secret, or an empty one.
 *
 * @example
 * const body = await request.text();
 * const header = request.headers.get("Edge-Rooms-Signature");
 * if (!(await verifySignature(header, body, process.env.WEBHOOK_SECRET))) throw new Error("This is no question of Edge Rooms.");
 */
export const verifySignature = async (
  header: SignatureHeader,
  body: string | Uint8Array,
  secret: Secrets,
  options?: SignatureOptions,
): Promise<boolean> => (await stateOfSignature(header, body, secret, options)) === "valid";

/** As {@link verifySignature}. `old`: it was made with the secret over this body, at another time than about now. */
export async function stateOfSignature(
  header: SignatureHeader,
  body: string | Uint8Array,
  secret: Secrets,
  { toleranceSeconds = 300, now = Date.now() }: SignatureOptions = {},
): Promise<"valid" | "old" | "wrong"> {
  const secrets = (typeof secret === "string" ? [secret] : (secret ?? [])).map((one) => one.trim());
  // With an empty secret anybody could sign.
  if (secrets.length === 0 || secrets.includes(""))
    throw new RoomsError("bad_request", "The secret of the signature is missing.");
  const [, seconds, hex] = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(String(header)) ?? [];
  if (seconds === undefined || hex === undefined) return "wrong";
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const signed = joined(encode(`${seconds}.`), typeof body === "string" ? encode(body) : body);
  const fits = await Promise.all(secrets.map((one) => isSignedWith(one, signature, signed)));
  if (!fits.includes(true)) return "wrong";
  return Math.abs(now / 1_000 - Number(seconds)) <= toleranceSeconds ? "valid" : "old";
}

async function isSignedWith(
  secret: string,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", encode(secret), HMAC, false, ["verify"]);
  return crypto.subtle.verify(HMAC.name, key, signature, signed);
}

const encode = (text: string) => new TextEncoder().encode(text);

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
