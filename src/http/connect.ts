// The two connect paths. No middleware that changes response headers runs for them: those of a 101 are immutable.

import { offersTokenAlone, speaksOurProtocol } from "../auth/credentials.ts";
import { encodeHeader, IDENTITY_HEADER } from "../auth/identity-header.ts";
import { upgraded } from "../object/runtime/upgrade-response.ts";
import { closeCode, closeReason, type Refusal, refuse } from "../protocol/index.ts";
import type { RoomUpgrade } from "../room/people/room-connection.ts";
import type { SessionUpgrade } from "../user/session-connection.ts";
import type { AppContext } from "./app-context.ts";
import { roomStub, userStub } from "./app-context.ts";
import { authenticateSocket, requireRoom } from "./authenticate.ts";
import { requireOrigin } from "./cross-origin.ts";
import { noteRefusedConnect, reportFailure } from "./failures.ts";
import { refusalOf, refusing } from "./refusal-error.ts";
import { readSocketBounds, readSocketQuery } from "./request-url.ts";
import { httpRefusal } from "./responses.ts";

export const connectRoom = (c: AppContext): Promise<Response> =>
  upgrade(c, "room", async () => {
    const { room, actor } = await requireRoom(c, await authenticateSocket(c), "read");
    const { presence, ...query } = readSocketQuery(c);
    return openRoomSocket(c, room, {
      ...query,
      ...readSocketBounds(c),
      actor,
      presence: presence && actor.identity.kind === "user",
      counted: true,
      speaksOurProtocol: speaksOurProtocol(c.req.raw),
    });
  });

export const connectSession = (c: AppContext): Promise<Response> =>
  upgrade(c, "session", async () => {
    const bearer = await authenticateSocket(c);
    if (bearer.kind === "none") throw refusing("unauthorized", "a session needs a user's token");
    const { since, history, topics } = readSocketQuery(c);
    const { identity, rooms: claim } = bearer.token;
    const session: SessionUpgrade = {
      identity,
      ...(claim !== undefined && { claim }),
      history,
      topics,
      ...(since !== undefined && { since }),
      ...readSocketBounds(c),
      speaksOurProtocol: speaksOurProtocol(c.req.raw),
    };
    return userStub(c, identity.user.id).fetch(upgradeRequest(session));
  });

/** Opens a socket in a room. The object answers a 101, or a refusal as JSON. */
export const openRoomSocket = (c: AppContext, room: string, upgrade: RoomUpgrade): Promise<Response> =>
  roomStub(c, room).fetch(upgradeRequest(upgrade));

/** A new request, so that no header, query or subprotocol of the client is passed on, above all not the token. */
const upgradeRequest = (upgrade: RoomUpgrade | SessionUpgrade): Request =>
  new Request("https://object.invalid/", {
    headers: { Upgrade: "websocket", [IDENTITY_HEADER]: encodeHeader(upgrade) },
  });

export async function refusalIn(response: Response): Promise<Refusal> {
  const { error } = await response.json<{ error: Refusal }>();
  return error;
}

const isUpgrade = (request: Request): boolean =>
  request.headers.get("Upgrade")?.toLowerCase() === "websocket";

async function upgrade(
  c: AppContext,
  socket: "room" | "session",
  open: () => Promise<Response>,
): Promise<Response> {
  if (!isUpgrade(c.req.raw))
    return httpRefusal(c.req.raw, refuse("bad_request", "this path takes WebSocket connections"));
  const refusal = await attempt(c, open);
  if (refusal instanceof Response) return refusal;
  noteRefusedConnect(socket, refusal, Date.now());
  return visibleRefusal(c.req.raw, refusal);
}

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

/** Accepts a client of our subprotocol and closes it at once, as a browser shows no HTTP status to its page. */
export function visibleRefusal(request: Request, refusal: Refusal): Response {
  if (!isUpgrade(request) || !speaksOurProtocol(request)) return httpRefusal(request, refusal);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(closeCode(refusal.code), closeReason(refusal));
  return upgraded(client, true);
}
