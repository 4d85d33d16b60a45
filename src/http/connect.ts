// The two connect paths. No middleware that changes response headers runs for them: those of a 101 are immutable.

import type { Next } from "hono";
import type { VerifiedToken } from "../access/identity.ts";
import { offersTokenAlone, speaksOurProtocol } from "../auth/credentials.ts";
import { encodeHeader, IDENTITY_HEADER } from "../auth/identity-header.ts";
import type { PollUpgrade } from "../object/polled-socket.ts";
import { upgraded } from "../object/runtime/upgrade-response.ts";
import { closeCode, closeReason, PROBE_CLOSE, PROBE_QUERY, type Refusal, refuse } from "../protocol/index.ts";
import type { RoomUpgrade } from "../room/people/room-connection.ts";
import type { SessionUpgrade } from "../user/session-connection.ts";
import type { AppContext } from "./app-context.ts";
import { roomStub, userStub } from "./app-context.ts";
import { authenticateSocket, requireRoom, type SocketBearer } from "./authenticate.ts";
import { requireOrigin } from "./cross-origin.ts";
import { reportFailure } from "./failures.ts";
import { refusalOf, refusing } from "./refusal-error.ts";
import { answerRefusal, noteRefusedConnection } from "./refusals.ts";
import { followToRelay, withRegion } from "./relayed-socket.ts";
import { readBatchForm, readQuery, readSocketBounds, readSocketQuery } from "./request-url.ts";
import { httpRefusal } from "./responses.ts";

export const connectRoom = (c: AppContext): Promise<Response> =>
  upgrade(c, async () => {
    const { room, upgrade } = await roomUpgrade(c, await authenticateSocket(c));
    const located = withRegion(c, upgrade);
    const answer = await openRoomSocket(c, room, located);
    return followToRelay(c, room, answer, () => upgradeRequest(located));
  });

export const connectSession = (c: AppContext): Promise<Response> =>
  upgrade(c, async () => {
    // A client whose calls get through asks whether a WebSocket does: that is no call, and no refusal to log.
    if (readQuery(c, PROBE_QUERY).probe) return closedSocket(c, PROBE_CLOSE, "");
    const bearer = await authenticateSocket(c);
    if (bearer.kind === "none")
      throw refusing("unauthorized", "a session needs a user's token: offer the subprotocol token.<token>");
    const session = sessionUpgrade(c, bearer.token);
    return userStub(c, session.identity.user.id).fetch(upgradeRequest(session));
  });

/** What the Worker passes to a room with a connection that stays. Refuses who may not read. */
export async function roomUpgrade(c: AppContext, bearer: SocketBearer) {
  const { room, actor } = await requireRoom(c, bearer, "read");
  const { presence, ...query } = readSocketQuery(c);
  const upgrade: RoomUpgrade = {
    ...query,
    ...readSocketBounds(c),
    ...readBatchForm(c),
    actor,
    presence: presence && actor.identity.kind === "user",
    counted: true,
    speaksOurProtocol: speaksOurProtocol(c.req.raw),
  };
  return { room, upgrade };
}

/** What the Worker passes to a user's object with a session. */
export function sessionUpgrade(c: AppContext, { identity, rooms: claim }: VerifiedToken): SessionUpgrade {
  const { since, history, topics } = readSocketQuery(c);
  return {
    identity,
    ...(claim !== undefined && { claim }),
    history,
    topics,
    ...(since !== undefined && { since }),
    ...readSocketBounds(c),
    speaksOurProtocol: speaksOurProtocol(c.req.raw),
  };
}

/** Opens a socket in a room. The object answers a 101, or a refusal as JSON. */
export const openRoomSocket = (c: AppContext, room: string, upgrade: RoomUpgrade): Promise<Response> =>
  roomStub(c, room).fetch(upgradeRequest(upgrade));

/** A new request, so that no header, query or subprotocol of the client is passed on, above all not the token. */
export const upgradeRequest = (upgrade: RoomUpgrade | SessionUpgrade | PollUpgrade): Request =>
  new Request("https://object.invalid/", {
    headers: { Upgrade: "websocket", [IDENTITY_HEADER]: encodeHeader(upgrade) },
  });

export async function refusalIn(response: Response): Promise<Refusal> {
  const { error } = await response.json<{ error: Refusal }>();
  return error;
}

const isUpgrade = (request: Request): boolean =>
  request.headers.get("Upgrade")?.toLowerCase() === "websocket";

async function upgrade(c: AppContext, open: () => Promise<Response>): Promise<Response> {
  if (!isUpgrade(c.req.raw))
    return answerRefusal(
      c,
      refuse(
        "bad_request",
        "this path takes WebSocket connections: the header Upgrade: websocket is missing",
      ),
    );
  const refusal = await attempt(c, open);
  if (refusal instanceof Response) return refusal;
  return refuseVisibly(c, refusal);
}

const NO_SOCKET = refuse(
  "not_found",
  "there is nothing at this path: sockets open at /v1/rooms/:room/connect and /v1/connect",
);

/** Refuses a socket at a path that takes none. Those of other subprotocols may be an accident of a proxy. */
export async function onlyConnectPaths(c: AppContext, next: Next): Promise<Response | undefined> {
  const { raw, path } = c.req;
  const isMeant = speaksOurProtocol(raw) || !path.startsWith("/v1/");
  if (isUpgrade(raw) && isMeant) return refuseVisibly(c, NO_SOCKET);
  await next();
  return undefined;
}

/** Where no route has a path. */
export const noSocketAt = (c: AppContext): Response | undefined =>
  isUpgrade(c.req.raw) ? refuseVisibly(c, NO_SOCKET) : undefined;

async function attempt(c: AppContext, open: () => Promise<Response>): Promise<Response | Refusal> {
  try {
    requireOrigin(c);
    if (offersTokenAlone(c.req.raw)) throw refusing("bad_request", "offer edge-rooms.v1 beside token.<jwt>");
    const response = await open();
    return response.status === 101 ? response : await refusalIn(response);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return refusal;
    reportFailure("connect_failed", { path: c.req.path, error });
    return refuse("internal", "this failed here");
  }
}

/**
 * Refuses a request. A socket of our subprotocol is accepted and closed at once, as a browser shows no HTTP status to its
 * page.
 */
export function refuseVisibly(c: AppContext, refusal: Refusal): Response {
  const { raw } = c.req;
  if (!isUpgrade(raw)) return answerRefusal(c, refusal);
  noteRefusedConnection(c, refusal);
  if (!speaksOurProtocol(raw)) return httpRefusal(raw, refusal);
  return closedSocket(c, closeCode(refusal.code), closeReason(refusal));
}

function closedSocket({ req: { raw } }: AppContext, code: number, reason: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(code, reason);
  return upgraded(client, speaksOurProtocol(raw));
}
