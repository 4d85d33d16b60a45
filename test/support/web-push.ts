// The receiving end of Web Push, written from RFC 8291, 8188 and 8292: a browser's subscription, what it decrypts, and
// the sender that a push service verifies. Whatever else a push must carry is read in `openPush`.

const P256 = { name: "ECDH", namedCurve: "P-256" };
const utf8 = (text: string) => new TextEncoder().encode(text);

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

/** The browser's part of a subscription; `json` is what it gives to a page. */
export interface BrowserSubscription {
  readonly json: {
    readonly endpoint: string;
    readonly expirationTime: number | null;
    readonly keys: { readonly p256dh: string; readonly auth: string };
  };
  decrypt(body: Uint8Array<ArrayBuffer>): Promise<string>;
}

export async function browserSubscription(
  endpoint: string,
  expirationTime: number | null = null,
): Promise<BrowserSubscription> {
  const pair = await crypto.subtle.generateKey(P256, true, ["deriveBits"]);
  if (!("privateKey" in pair)) throw new Error("no pair");
  const own = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const auth = crypto.getRandomValues(new Uint8Array(16));
  return {
    json: { endpoint, expirationTime, keys: { p256dh: toBase64Url(own), auth: toBase64Url(auth) } },
    decrypt: (body) => decrypt(body, pair.privateKey, own, auth),
  };
}

async function hkdf(salt: Uint8Array<ArrayBuffer>, secret: BufferSource, info: Uint8Array, bytes: number) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: new Uint8Array(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, bytes * 8));
}

const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** `salt (16) | record size (4) | length of the key | key of the sender | one record`. */
async function decrypt(
  body: Uint8Array<ArrayBuffer>,
  privateKey: CryptoKey,
  own: Uint8Array,
  auth: Uint8Array<ArrayBuffer>,
): Promise<string> {
  if (body.length > 4_096) throw new Error(`${body.length} bytes are more than a service takes`);
  const salt = body.slice(0, 16);
  const recordSize = new DataView(body.buffer, body.byteOffset).getUint32(16);
  const senderKey = body.slice(21, 21 + (body[20] ?? 0));
  const record = body.slice(21 + senderKey.length);
  if (record.length > recordSize) throw new Error("more than one record");
  const sender = await crypto.subtle.importKey("raw", senderKey, P256, false, []);
  // Workers and browsers name this field differently from their types.
  const ecdh = { name: "ECDH", public: sender, $public: sender };
  const shared = await crypto.subtle.deriveBits(ecdh, privateKey, 256);
  const secret = await hkdf(auth, shared, joined(utf8("WebPush: info\0"), own, senderKey), 32);
  const rawKey = await hkdf(salt, secret, utf8("Content-Encoding: aes128gcm\0"), 16);
  const nonce = await hkdf(salt, secret, utf8("Content-Encoding: nonce\0"), 12);
  const key = await crypto.subtle.importKey("raw", rawKey, "AES-GCM", false, ["decrypt"]);
  const padded = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, record));
  const end = padded.lastIndexOf(2);
  if (end < 0 || padded.slice(end + 1).some((byte) => byte !== 0)) throw new Error("no delimiter");
  return new TextDecoder().decode(padded.slice(0, end));
}

/** The claims of `Authorization: vapid t=…, k=…`, whose signature is checked. */
export async function vapidClaims(
  authorization: string,
): Promise<{ key: string; claims: Record<string, unknown> }> {
  const [, head = "", body = "", signature = "", key = ""] =
    /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(authorization) ?? [];
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const publicKey = await crypto.subtle.importKey("raw", fromBase64Url(key), algorithm, false, ["verify"]);
  const ecdsa = { name: "ECDSA", hash: "SHA-256" };
  const isRight = await crypto.subtle.verify(
    ecdsa,
    publicKey,
    fromBase64Url(signature),
    utf8(`${head}.${body}`),
  );
  if (!isRight) throw new Error("the signature is wrong");
  const read = (part: string) => JSON.parse(new TextDecoder().decode(fromBase64Url(part)));
  if (read(head).alg !== "ES256") throw new Error("another algorithm");
  return { key, claims: read(body) };
}
