import type { RoomObject } from "./room/room-object.ts";
import type { UserObject } from "./user/user-object.ts";

/** Bindings. One that is optional switches its feature off where it is absent. */
export interface Env {
  readonly ROOMS: DurableObjectNamespace<RoomObject>;
  readonly USERS: DurableObjectNamespace<UserObject>;
  readonly ASSETS?: Fetcher;
  readonly RATE_LIMITER?: RateLimit;
}
