import { ERRORS, type Refusal, refuse, SUBPROTOCOL } from "../../protocol/index.ts";

/** The name of the connection, in the answer to an upgrade for a poll. */
export const CONNECTION_HEADER = "Edge-Rooms-Connection";

/** The 101 for an accepted socket. */
export const upgraded = (client: WebSocket, speaksOurProtocol: boolean): Response =>
  new Response(null, {
    status: 101,
    webSocket: client,
    headers: speaksOurProtocol ? { "Sec-WebSocket-Protocol": SUBPROTOCOL } : {},
  });

/** In place of a 101: the relay that takes the socket, and where it is placed. */
const RELAY_HEADER = "Edge-Rooms-Relay";

export interface RelayOfSocket {
  readonly number: number;
  readonly region: string;
}

export const relayResponse = ({ number, region }: RelayOfSocket): Response =>
  new Response(null, { status: 204, headers: { [RELAY_HEADER]: `${number} ${region}` } });

/** `undefined`: it is another answer. */
export function relayIn({ headers }: Response): RelayOfSocket | undefined {
  const text = headers.get(RELAY_HEADER);
  if (text === null) return undefined;
  const [number = "", region = ""] = text.split(" ");
  return { number: Number(number), region };
}

/** How long such a call waits at least, in milliseconds. */
export const REST_HEADER = "Edge-Rooms-Rest";

/** The 101 for the socket that the Worker holds for one call of a client that polls; without one the connection is gone. */
export function pollResponse(
  call: { readonly client: WebSocket; readonly restMs?: number } | undefined,
  connection: string,
): Response {
  if (call === undefined) return refusalResponse(refuse("timeout", "this connection has ended"));
  const headers = { [CONNECTION_HEADER]: connection, [REST_HEADER]: String(call.restMs ?? 0) };
  return new Response(null, { status: 101, webSocket: call.client, headers });
}

/** A refusal over HTTP: `{"error":{"code","message",…}}` with the status of the code. */
export function refusalResponse(refusal: Refusal): Response {
  const headers = new Headers({ "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
  const { http } = ERRORS[refusal.code];
  if (http === 429 || http === 503)
    headers.set("Retry-After", String(Math.ceil((refusal.retryAfterMs ?? 1_000) / 1_000)));
  return Response.json({ error: refusal }, { status: http, headers });
}
