import type { Actor } from "../access/identity.ts";
import type { Topics } from "../protocol/index.ts";

/** What the Worker has checked, and tells the object of a connection to be. */
export interface RoomUpgrade {
  readonly actor: Actor;
  readonly since?: string;
  readonly history: number;
  readonly topics: Topics;
  readonly presence: boolean;
  /** Whether it counts in the occupancy and, of a user, as a member. */
  readonly counted: boolean;
  /** The largest frame that it wants to be sent, in bytes; left out where it takes any. */
  readonly frameBytes?: number;
  /** The connection that its client gave up. */
  readonly replaces?: string;
  readonly speaksOurProtocol: boolean;
}
