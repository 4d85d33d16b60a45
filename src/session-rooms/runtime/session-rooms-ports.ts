// What the rooms on a user's sessions need of what is around them.

import type { Actor } from "../../access/identity.ts";
import type { Config } from "../../config/config.ts";
import type { Departure } from "../../object/close-codes.ts";
import type { Closing, Outcome, PresenceCommand, Refusal } from "../../protocol/index.ts";
import type { FollowedRooms } from "../../user/followed-rooms.ts";
import type { RoomNotices } from "../../user/room-notices.ts";
import type { SessionClaims } from "../../user/session-claims.ts";
import type { SessionConnection } from "../../user/session-connection.ts";
import type { SessionJoin } from "../session-delivery.ts";

/** What it needs of the object of a room. */
export interface RemoteRoom {
  join(join: SessionJoin): Promise<Outcome<undefined>>;
  receive(session: string, frames: readonly string[]): Promise<boolean>;
  leave(session: string, departure: Departure): Promise<void>;
  renew(session: string, actor: Actor): Promise<void>;
  present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void>;
}

export interface SessionRoomsPorts {
  readonly config: Config;
  readonly notices: Pick<RoomNotices, "registerRoom">;
  readonly followed: FollowedRooms;
  readonly claims: SessionClaims;
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
