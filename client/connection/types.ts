import type { Command, ErrorAnswer, Permission, ReconnectLimits, Topics } from "../../src/protocol/index.ts";
import type { RoomsError } from "../util/errors.ts";
import type { Listeners } from "../util/listeners.ts";
import type { Connected, FrameTable, IncomingFrame } from "../util/wire.ts";
import type { ConnectionState, TransportContext } from "./transport/transport.ts";

/** What all channels of a client share. */
export interface ConnectionContext extends TransportContext {
  /** Called when a connection of this client is live: the others that wait know that the server can be reached. */
  readonly peers: Listeners<void>;
  readonly maxAttempts: number;
  /** In place of what the server says. */
  readonly reconnect: ReconnectLimits | undefined;
}

export interface ChannelOptions {
  /** For the log. */
  readonly name: string;
  readonly topics: Topics;
  readonly history?: number | undefined;
  /** What its room or inbox takes, by `type`: the greeting, and all events. */
  readonly frames: FrameTable;
  /** The events that stand in its log. */
  readonly logEvents: FrameTable;
  /** The server leaves out numbers by itself, also without a filter. */
  readonly skipsNumbers: boolean;
}

/** What becomes of what is held: `kept` is completed by the replay, `lost` is replaced; `fresh`: nothing was held. */
export type ResumeKind = "fresh" | "kept" | "lost";

/** What a channel tells its room or inbox, in the order of the wire. */
export interface ChannelEvents {
  /** `resume` says what becomes of what is held. */
  onConnected(frame: Connected, resume: ResumeKind): void;
  /** How far open messages of the log are held, as a connect says it. */
  readonly have?: string | undefined;
  /** The log reaches back to here only: what is held at or below may have changed without a record. */
  onFloor(floor: number): void;
  /** Each sequenced event once. */
  onFrame(frame: IncomingFrame): void;
  onPermission(permission: Permission): void;
  /** The replay is over, and commands may go out. */
  onLive(): void;
  onState(state: ConnectionState): void;
  /** It ended for a reason that another try would not change. `onError` follows. */
  onRefused(error: RoomsError): void;
  /** What is held and waits belongs to a former user, and is dropped before any listener is called. */
  onUserChanged(error: RoomsError): void;
  /** To tell the app: no promise rejects with it. `answer`: the server has said so of a command without an `id`. */
  onError(error: RoomsError, answer?: ErrorAnswer): void;
  /** All frames that came in one text were handled: the moment to publish a snapshot. */
  onTurn(): void;
  /** Each command that goes out, for the rate. */
  onSent(command: Command): void;
}
