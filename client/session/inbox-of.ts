import type { Channel } from "../connection/channel.ts";
import { WebSocketTransport } from "../connection/transport/websocket-transport.ts";
import type { Client } from "../core/client.ts";
import { type ClientContext, contextOf } from "../core/client-context.ts";
import { declared } from "../events/declared.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import { type AnyInbox, Inbox } from "../inbox/inbox.ts";
import { InboxEngine } from "../inbox/inbox-engine.ts";

/** The connection of a user that is not for one room: the inbox, and the rooms that share its socket. */
export interface Session {
  readonly inbox: AnyInbox;
  readonly channel: Channel;
  readonly socket: WebSocketTransport;
}

const sessions = new WeakMap<ClientContext, Session>();

/** The session of a client, made when a feature first asks for it. It opens no socket yet. */
export function sessionOf(context: ClientContext): Session {
  const known = sessions.get(context);
  if (known !== undefined) return known;
  const socket = new WebSocketTransport(context, "/v1/connect");
  const engine = new InboxEngine(context, context.tabs?.(context, "inbox", "", socket) ?? socket);
  const { channel } = engine;
  const inbox = new Inbox(engine, () => context.channels.openSession(channel, "once"));
  const session = { inbox, channel, socket };
  sessions.set(context, session);
  return session;
}

/**
 * The notifications of this user: the same object with each call. Its socket opens with the first listener. Needs a user:
 * for an anonymous client it ends `disconnected` with `unauthorized`.
 *
 * @example
 * const inbox = inboxOf(client);
 * inbox.on("notification", ({ title }) => console.log(title, inbox.unread));
 */
export const inboxOf = <Events extends EventMap = RegisteredEvents>(client: Client<Events>): Inbox<Events> =>
  declared(sessionOf(contextOf(client)).inbox);
