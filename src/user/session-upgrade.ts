import type { UserIdentity } from "../auth/identity.ts";
import type { RoomsClaim } from "../auth/room-permission.ts";
import type { Topics } from "../protocol/index.ts";

/** What the Worker has checked, and tells the object of a session to be. */
export interface SessionUpgrade {
  readonly identity: UserIdentity;
  /** The `rooms` claim of the token, if it has one. */
  readonly claim?: RoomsClaim;
  readonly since?: string;
  readonly history: number;
  readonly topics: Topics;
  readonly speaksOurProtocol: boolean;
}
