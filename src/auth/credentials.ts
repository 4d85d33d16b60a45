import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/index.ts";

/** Where a token may stand: the first that is present counts, valid or not. */
export function tokenOf(request: Request, allow: { readonly inQuery: boolean }): string | undefined {
  const header = request.headers.get("Authorization");
  if (header !== null) return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
  const offered = offeredProtocols(request).find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  if (offered !== undefined) return offered.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
  return (allow.inQuery && new URL(request.url).searchParams.get("token")) || undefined;
}

/** Such a client can be told of a refusal by a close code, as a browser sees no HTTP status. */
export const speaksOurProtocol = (request: Request): boolean =>
  offeredProtocols(request).includes(SUBPROTOCOL);

const offeredProtocols = (request: Request): string[] =>
  (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((protocol) => protocol.trim());
