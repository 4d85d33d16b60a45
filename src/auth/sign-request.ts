/** `t=<seconds>,v1=<hex>`: by it the deployer's back end knows that a request comes from here, and when it was made. */
export const SIGNATURE_HEADER = "Edge-Rooms-Signature";

/** HMAC-SHA256 over `<t>.<body>`. `now` in milliseconds. */
export async function signRequest(secret: string, body: string, now: number): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(secret), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign(algorithm.name, key, encode(`${seconds}.${body}`));
  return `t=${seconds},v1=${hex(new Uint8Array(mac))}`;
}

const encode = (text: string) => new TextEncoder().encode(text);

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
