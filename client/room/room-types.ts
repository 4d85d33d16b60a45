import type { Member, Occupancy, Permission, Status, Topics, User } from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { OutboxItem, RoomMessage } from "./messages/outbox-entry.ts";

export interface RoomOptions {
  /** How many latest messages a newcomer gets, 0 to 200. Default 50. */
  readonly history?: number;
  /** Only events under these topics, at most 20. Default `null`: all. */
  readonly topics?: Topics;
  /**
   * On the session connection of the client, with up to 50 rooms on it, instead of a connection of its own: for quieter
   * rooms. Everything else stays the same. Needs a user: an anonymous client has no session. Default `false`.
   */
  readonly shared?: boolean;
}

/** What is left out stays as it is; `data: null` clears. */
export interface Presence {
  readonly status?: Status;
  /** At most 1 KiB as JSON. */
  readonly data?: unknown;
}

/** A room at one moment. Arrays and objects in it stay the same until they change. */
export interface RoomSnapshot {
  readonly state: ConnectionState;
  /** `null` for an anonymous reader, and until the first connection. */
  readonly user: User | null;
  readonly permission: Permission;
  /** `seq` of the last event of the room that this client knows of. */
  readonly head: number;
  /**
   * Oldest first, with own changes as if they were stored already; what is deleted is still there, with `deletedAt`
   * and without `data`. Own ones that are not stored yet are at the end, with `pending: true`. While connected it only grows, by
   * what is heard and by `loadOlder`: nobody but the app knows what of it is still on a screen.
   */
  readonly messages: readonly RoomMessage[];
  /** Empty in a room too big for a list. */
  readonly members: readonly Member[];
  readonly occupancy: Occupancy;
  /** Who types now, without this user; in a room too big for a list only by `id`. */
  readonly typing: readonly User[];
  /**
   * Messages of others after what this user has read, on whatever device, counted to at most 1,000; 0 for an anonymous
   * reader, and until the first connection. The server counts, all topics; in between it is counted along.
   */
  readonly unread: number;
  /** What is not known to be stored yet, in the order of `send`. */
  readonly outbox: readonly OutboxItem[];
}
