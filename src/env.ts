import type { RegistryCalls } from "./registry/registry-calls.ts";
import type { HubCalls } from "./room/relays/hub-calls.ts";
import type { RelayCalls, RelayedRoomCalls } from "./room/relays/relay-calls.ts";
import type { AnswerCalls, PortableCalls, RoomCalls } from "./room/room-calls.ts";
import type { UserCalls, UserExportCalls } from "./user/user-calls.ts";

type Bytes = ReadableStream<Uint8Array>;

/** Bindings. An optional one switches its feature off if it is absent. */
export interface Env {
  readonly ROOMS: DurableObjectNamespace<
    RoomCalls & RelayedRoomCalls & AnswerCalls<Bytes> & PortableCalls<Bytes> & Rpc.DurableObjectBranded
  >;
  readonly USERS: DurableObjectNamespace<UserCalls & UserExportCalls<Bytes> & Rpc.DurableObjectBranded>;
  /** Left out: a room holds all of its sockets itself. */
  readonly RELAYS?: DurableObjectNamespace<RelayCalls & HubCalls & Rpc.DurableObjectBranded>;
  /** Left out: nothing is reported, and there are no statistics and lists. */
  readonly REGISTRY?: DurableObjectNamespace<RegistryCalls & Rpc.DurableObjectBranded>;
  readonly ASSETS?: Fetcher;
  readonly RATE_LIMITER?: RateLimit;
  readonly METRICS?: AnalyticsEngineDataset;
}
