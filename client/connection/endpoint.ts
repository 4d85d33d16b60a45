import type { Permission, ReconnectLimits } from "../../src/protocol/index.ts";
import type { RoomsError } from "../util/errors.ts";
import type { LogFunction } from "../util/log.ts";
import type { Ports } from "../util/ports.ts";
import type { Connected, IncomingFrame } from "../wire/parse-frame.ts";
import type { ConnectionState } from "./connection-state.ts";
import type { Start } from "./log-follower.ts";
import type { Peers } from "./peers.ts";
import type { Route } from "./route.ts";
import type { Tokens } from "./token-source.ts";

/** What all connections of a client share. */
export interface ConnectionContext {
  readonly ports: Ports;
  readonly tokens: Tokens;
  readonly peers: Peers;
  /** Of a room on the session: where its sockets come from. Otherwise they need nothing but a network. */
  readonly route?: Route;
  /** Address before `/v1`. */
  readonly base: string;
  readonly batchMs: number;
  readonly maxAttempts: number;
  /** Instead of what the server says. */
  readonly reconnect: ReconnectLimits | undefined;
  readonly log: LogFunction;
}

/** What a connection leads to: a room or the inbox. Calls come in the order of the wire. */
export interface Endpoint {
  readonly path: string;
  /** Of the address, without `since`. */
  query(): Readonly<Record<string, string>>;
  /** Whether numbers may be left out on a live connection. */
  mayJump(): boolean;
  /** `start` says what becomes of what is held. */
  onConnected(frame: Connected, start: Start): void;
  /** The log reaches back to here only: what is held at or below may have changed without a record. */
  onFloor(floor: number): void;
  /** Each sequenced event once. */
  onFrame(frame: IncomingFrame): void;
  onPermission(permission: Permission): void;
  /** The replay is over, and commands may go out. */
  onLive(): void;
  onState(state: ConnectionState): void;
  /** It ended for a reason that another try would not change. */
  onRefused(error: RoomsError): void;
  /** After everything in one text: the time to tell who watches. */
  onTurn(): void;
}
