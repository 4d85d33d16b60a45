import type { UserIdentity } from "../access/identity.ts";
import type { RoomsClaim } from "../access/room-permission.ts";
import type { Topics } from "../protocol/index.ts";

/** What the Worker has checked, and tells the object of a session to be. */
export interface SessionUpgrade {
  readonly identity: UserIdentity;
  /** The `rooms` claim of the token, if it has one. */
  readonly claim?: RoomsClaim;
  readonly since?: string;
  readonly history: number;
  readonly topics: Topics;
  /** The largest frame that it wants to be sent, in bytes; left out where it takes any. */
  readonly frameBytes?: number;
  /** The session that its client gave up. */
  readonly replaces?: string;
  readonly speaksOurProtocol: boolean;
}
