// What keeps a room beyond the life of its page. A page that does not import `edge-rooms/offline` has none.

import type { Message } from "../../src/protocol/index.ts";
import type { Channel } from "../connection/channel.ts";
import type { ChannelSet } from "../connection/channel-set.ts";
import type { Transport } from "../connection/transport/transport.ts";
import type { ConnectionContext } from "../connection/types.ts";
import type { Emitter } from "../util/listeners.ts";
import type { SendRateLimiter } from "../util/send-rate-limiter.ts";
import type { ChangeKeeper, MessageChange, PendingChange, PendingChanges } from "./messages/changes.ts";
import type { Outbox, OutboxEntry, OutboxKeeper, OutgoingMessage } from "./messages/outbox.ts";
import type { ReadPosition } from "./read-position.ts";
import type { RoomState } from "./room-state.ts";
import type { UntypedRoomEvents } from "./room-types.ts";

/** The parts of a room that are kept. */
export interface KeptParts {
  readonly name: string;
  readonly channel: Channel;
  readonly state: RoomState;
  readonly outbox: Outbox;
  readonly changes: PendingChanges;
  readonly reads: ReadPosition;
  readonly limiter: SendRateLimiter;
  readonly events: Emitter<UntypedRoomEvents>;
  /** Held messages whose time is over: the same list until there are others. */
  readonly expired: readonly Message[];
  changed(): void;
}

export interface RoomKeeper extends OutboxKeeper, ChangeKeeper {
  admit(wish: MessageChange | OutgoingMessage): void;
  verdict(entry: OutboxEntry | PendingChange): "go" | "wait" | "skip";
  /** To be called after anything may have changed. */
  changed(): void;
  /** The room is left. What waits is taken out of it, and goes out all the same. */
  close(): void;
}

/** What `keepOffline` gives to `createClient`. */
export interface Offline {
  start(context: RoomContext, channels: ChannelSet): void;
  /** The transport of a room that is not opened before what is kept was read. */
  gate(transport: Transport, name: string): Transport;
  /** The room is opened. */
  keep(room: KeptParts): RoomKeeper;
  /** The client is closed. What is kept stays. */
  close(): void;
}

export interface RoomContext extends ConnectionContext {
  readonly offline: Offline | undefined;
}
