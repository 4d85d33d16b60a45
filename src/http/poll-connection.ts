// Connections of clients without WebSockets. To its object one is a connection like any other; its frames travel in
// calls: `…/poll` fetches what the object sends, `…/commands` brings what the client sends.

import type { VerifiedToken } from "../access/identity.ts";
import { isAsked } from "../auth/authorize-room.ts";
import type { PolledCommands, PollUpgrade } from "../object/polled-socket.ts";
import { CONNECTION_HEADER, REST_HEADER } from "../object/runtime/upgrade-response.ts";
import {
  type Closing,
  COMMANDS_HEAD,
  closeCode,
  closeReason,
  MAX_BATCH_COMMANDS,
  POLL_HEAD,
  type PollEnd,
  refuse,
} from "../protocol/index.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext } from "./app-context.ts";
import { roomStub, userStub } from "./app-context.ts";
import { authenticatePoll, requireRoom, type SocketBearer, userNeeded } from "./authenticate.ts";
import { readLines } from "./body.ts";
import { refusalIn, roomUpgrade, sessionUpgrade, upgradeRequest } from "./connect.ts";
import { HeldPoll } from "./held-poll.ts";
import { RefusalError, refusing } from "./refusal-error.ts";
import { noteRefusedConnection } from "./refusals.ts";
import { namedRoom } from "./request-url.ts";
import { rawLines } from "./responses.ts";
import { waitingText } from "./waiting-text.ts";

/** Also a call that does not wait needs a moment in which the object sends what it has. */
const SHORTEST_WAIT_MS = 100;

const pollHead = validator(POLL_HEAD);
const commandsHead = validator(COMMANDS_HEAD);

export const pollRoom = (c: AppContext): Promise<Response> =>
  poll(c, async (bearer, known) => {
    if (known !== undefined) {
      await requireStillRead(c, bearer);
      return roomStub(c, namedRoom(c)).fetch(upgradeRequest(known));
    }
    const { room, upgrade } = await roomUpgrade(c, bearer);
    return roomStub(c, room).fetch(upgradeRequest({ ...upgrade, polls: true }));
  });

export const pollSession = (c: AppContext): Promise<Response> =>
  poll(c, async (bearer, known) => {
    const token = tokenOf(bearer);
    const session = known ?? { ...sessionUpgrade(c, token), polls: true as const };
    return userStub(c, token.identity.user.id).fetch(upgradeRequest(session));
  });

export const sendToRoom = (c: AppContext): Promise<Response> =>
  send(c, async (bearer, commands) => {
    await requireStillRead(c, bearer);
    return roomStub(c, namedRoom(c)).receivePolled(commands);
  });

export const sendToSession = (c: AppContext): Promise<Response> =>
  send(c, (bearer, commands) => userStub(c, tokenOf(bearer).identity.user.id).receivePolled(commands));

/**
 * Of a call that names a connection. It is judged by its own token, which may be newer than that of the connection. What
 * the back end decides, the room asks about when it lapses, as on a socket: a question for each call would be one for
 * ever about everybody who is idle.
 */
async function requireStillRead(c: AppContext, bearer: SocketBearer): Promise<void> {
  if (bearer.kind === "user" && isAsked(c.get("config"), bearer.token)) return;
  await requireRoom(c, bearer, "read");
}

async function poll(
  c: AppContext,
  open: (bearer: SocketBearer, known: PollUpgrade | undefined) => Promise<Response>,
): Promise<Response> {
  const { bearer, head } = await authenticatePoll(c, () => readLines(c, pollHead));
  const { connection, received = 0, wait = 0 } = head;
  const known = connection === undefined ? undefined : { connection, received, user: userOf(bearer) };
  const response = await open(bearer, known);
  const socket = response.webSocket;
  if (socket === null) {
    const refusal = await refusalIn(response);
    // A connection that has ended is no failure of this call.
    if (known === undefined) throw new RefusalError(refusal);
    noteRefusedConnection(c, refusal);
    return rawLines(closedText(refusal));
  }
  const held = heldPoll(socket, response.headers);
  const { signal } = c.req.raw;
  signal.addEventListener("abort", () => held.end());
  if (signal.aborted) held.end();
  return rawLines(waitingText(held, Math.max(SHORTEST_WAIT_MS, wait * 1_000), () => held.text()));
}

async function send(
  c: AppContext,
  pass: (bearer: SocketBearer, commands: PolledCommands) => Promise<boolean>,
): Promise<Response> {
  const { bearer, head, lines } = await authenticatePoll(c, () => readLines(c, commandsHead));
  if (lines.length > MAX_BATCH_COMMANDS)
    throw refusing("bad_request", `a call brings at most ${MAX_BATCH_COMMANDS} frames`);
  const { connection, number, leave = false } = head;
  const isThere = await pass(bearer, { connection, number, leave, user: userOf(bearer), frames: lines });
  if (!isThere) throw new RefusalError(refuse("not_found", "this connection has ended"));
  return c.json({});
}

const heldPoll = (socket: WebSocket, headers: Headers): HeldPoll =>
  new HeldPoll(socket, headers.get(CONNECTION_HEADER) ?? "", Number(headers.get(REST_HEADER) ?? 0));

function closedText(closing: Closing): string {
  const end: PollEnd = { type: "closed", code: closeCode(closing.code), reason: closeReason(closing) };
  return JSON.stringify(end);
}

const userOf = (bearer: SocketBearer): string | null =>
  bearer.kind === "user" ? bearer.token.identity.user.id : null;

/** A session is of a user. */
function tokenOf(bearer: SocketBearer): VerifiedToken {
  if (bearer.kind === "user") return bearer.token;
  throw userNeeded(bearer.kind);
}
