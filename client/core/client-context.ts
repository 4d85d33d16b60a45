import type { ChannelSet } from "../connection/channel-set.ts";
import type { Transport } from "../connection/transport/transport.ts";
import type { RoomContext } from "../room/room-keeper.ts";
import type { RoomRegistry } from "../room/room-registry.ts";
import { RoomsError } from "../util/errors.ts";

/** What the features of one client share. A feature reaches it by {@link contextOf}, so apps do not see it. */
export interface ClientContext extends RoomContext {
  /** Aborts with a `RoomsError` `closed` when `client.close()` is called. */
  readonly closed: AbortSignal;
  /** What the state of the client is made of, and `disconnect`, `reconnect` and `close` act upon. */
  readonly channels: ChannelSet;
  readonly rooms: RoomRegistry;
  /** Where tabs share their connections. */
  readonly tabs: TabSharing | undefined;
}

/** A log of the server: of a room on a socket of its own, of one on the session, or of the inbox. */
export type LogKind = "room" | "sharedRoom" | "inbox";

/**
 * How the tabs of a user share their connections: `shareTabs()` of `edge-rooms/tabs` makes it. It gives the transport of a
 * log; `own` is the one that it has where nothing can be shared.
 */
export type TabSharing = (context: ClientContext, kind: LogKind, name: string, own: Transport) => Transport;

const contexts = new WeakMap<object, ClientContext>();

/** Called once, when the client is made. */
export function setContext(client: object, context: ClientContext): void {
  contexts.set(client, context);
}

/** Throws `bad_request` for an object that `createClient` of this copy of the package did not make. */
export function contextOf(client: object): ClientContext {
  const context = contexts.get(client);
  if (context === undefined) throw new RoomsError("bad_request", "This is not a client of createClient.");
  return context;
}
