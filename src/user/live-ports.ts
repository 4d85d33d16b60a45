// What the rooms on a user's sessions need of what is around them.

import type { Actor } from "../auth/identity.ts";
import type { Config } from "../config/config.ts";
import type {
  Closing,
  JoinCommand,
  LeaveCommand,
  Outcome,
  PresenceCommand,
  Refusal,
} from "../protocol/index.ts";
import type { Departure } from "../realtime/departure.ts";
import type { SessionJoin } from "../realtime/session-delivery.ts";
import type { RoomFrame } from "../validation/parse-session-frame.ts";
import type { Claims } from "./claims.ts";
import type { FollowedRooms } from "./followed-rooms.ts";
import type { RoomNotices } from "./room-notices.ts";
import type { SessionConnection } from "./session-connection.ts";

export type RoomsCommand = RoomFrame | JoinCommand | LeaveCommand | PresenceCommand;

/** What it needs of the object of a room. */
export interface RemoteRoom {
  join(join: SessionJoin): Promise<Outcome<undefined>>;
  receive(session: string, frames: readonly string[]): Promise<boolean>;
  leave(session: string, departure: Departure): Promise<void>;
  renew(session: string, actor: Actor): Promise<void>;
  present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void>;
}

export interface LiveRoomsPorts {
  readonly config: Config;
  readonly notices: Pick<RoomNotices, "opened">;
  readonly followed: FollowedRooms;
  readonly claims: Claims;
  room(name: string): RemoteRoom;
  refuse(
    session: SessionConnection,
    id: string | undefined,
    refusal: Refusal & { readonly room?: string },
  ): void;
  /** Closes an expired session. */
  serves(session: SessionConnection): boolean;
  drop(session: SessionConnection, closing: Closing): void;
}
