import type { RoomObject } from "./room/runtime/room-object.ts";
import type { UserObject } from "./user/runtime/user-object.ts";

/** Bindings. One that is optional switches its feature off where it is absent. */
export interface Env {
  readonly ROOMS: DurableObjectNamespace<RoomObject>;
  readonly USERS: DurableObjectNamespace<UserObject>;
  readonly ASSETS?: Fetcher;
  readonly RATE_LIMITER?: RateLimit;
}
