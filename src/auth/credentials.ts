import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/index.ts";

/** How a request authenticates. */
export type Credential =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  /** An `Authorization` header of another scheme, or of none. */
  | { readonly kind: "notBearer" };

/**
 * The token of a request: in the header, in a subprotocol, or (`inQuery`) in the URL. The first that is present counts,
 * valid or not. A header of another scheme, such as the password of a page, only counts if there is no token:
 * `notBearer`.
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

/** Whether a client offers its token as the only subprotocol. The server cannot select it, so a browser would fail. */
export const offersTokenAlone = (request: Request): boolean =>
  offeredToken(request) !== undefined && !speaksOurProtocol(request);

/** Such a client understands the close codes of refusals. */
export const speaksOurProtocol = (request: Request): boolean =>
  offeredProtocols(request).includes(SUBPROTOCOL);

const offeredProtocols = (request: Request): string[] =>
  (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((protocol) => protocol.trim());
