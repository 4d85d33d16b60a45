import { generateKeyPairSync } from "node:crypto";

const UNCOMPRESSED = Buffer.from([4]);

/** A new pair of keys that identifies this server to push services, in the form of the settings. */
export function vapidKeys(): { readonly publicKey: string; readonly privateKey: string } {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "", d = "" } = privateKey.export({ format: "jwk" });
  const point = Buffer.concat([UNCOMPRESSED, Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { publicKey: point.toString("base64url"), privateKey: d };
}
