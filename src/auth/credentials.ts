import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/index.ts";

/** What a request has for a token. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  /** An `Authorization` header of another scheme, or of none. */
  | { readonly kind: "notBearer" };

/**
 * Where a token may stand: the first that is present counts, valid or not. What another scheme says is not for us, such
 * as the password of a page that a browser sends along, so it stands in the way of no token; alone it is refused.
 */
export function credentialOf(request: Request, allow: { readonly inQuery: boolean }): Credential {
  const header = request.headers.get("Authorization");
  const bearer = /^Bearer(?: +(.*))?$/i.exec(header ?? "");
  if (bearer !== null) return { kind: "token", token: bearer[1] ?? "" };
  const token = offeredToken(request) ?? (allow.inQuery ? tokenInQuery(request) : undefined);
  if (token !== undefined) return { kind: "token", token };
  return { kind: header === null ? "none" : "notBearer" };
}

function offeredToken(request: Request): string | undefined {
  const offered = offeredProtocols(request).find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  return offered?.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
}

const tokenInQuery = (request: Request): string | undefined =>
  new URL(request.url).searchParams.get("token") || undefined;

/** The server would have to select the token as the subprotocol, or nothing, and a browser would then give up. */
export const offersTokenAlone = (request: Request): boolean =>
  offeredToken(request) !== undefined && !speaksOurProtocol(request);

/** Such a client can be told of a refusal by a close code, as a browser sees no HTTP status. */
export const speaksOurProtocol = (request: Request): boolean =>
  offeredProtocols(request).includes(SUBPROTOCOL);

const offeredProtocols = (request: Request): string[] =>
  (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((protocol) => protocol.trim());
