import { isRecord, parseJson } from "../../src/protocol/index.ts";
import type { Token } from "../connection/transport/token-answer.ts";

/** The `sub` of a JWT, unchecked. Empty where there is none that can be read, as only the server must understand it. */
export function userIn(token: Token): string {
  try {
    const claims = parseJson(atob(String(token?.split(".")[1]).replaceAll("-", "+").replaceAll("_", "/")));
    // Its characters are the bytes of UTF-8, which is enough to compare. The server takes numbers too.
    return isRecord(claims) ? String(claims.sub ?? "") : "";
  } catch {
    return "";
  }
}
