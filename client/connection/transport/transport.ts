// The port between a channel (one log) and what carries its frames. A transport knows sockets, heartbeats, batches and
// tokens, and nothing of logs. Each further way to a server is one more file that implements `Transport`.

import type { Command, Permission, Topics } from "../../../src/protocol/index.ts";
import type { RoomsError } from "../../util/errors.ts";
import type { LogFunction } from "../../util/log.ts";
import type { Ports } from "../../util/ports.ts";
import type { ServerTime } from "../../util/server-time.ts";
import type { FrameTable, IncomingFrame } from "../../util/wire.ts";
import type { Written } from "./commands.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import type { Tokens } from "./token-source.ts";
import type { UserGuard } from "./user-guard.ts";

/** The state of a connection. Instants are milliseconds since 1970. */
export type ConnectionState =
  /** A try is under way; `attempt` counts from 1, and starts again after a connection that worked. */
  | { readonly status: "connecting"; readonly attempt: number; readonly error?: never }
  /** All that was missed has been replayed, and events arrive as they happen. */
  | { readonly status: "connected"; readonly since: number; readonly error?: never }
  /** The try `attempt` begins at `retryAt`, or earlier when the network comes back. */
  | {
      readonly status: "reconnecting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly error: RoomsError;
    }
  /** Nothing happens until `reconnect()`. Without `error` where the app asked for it. */
  | { readonly status: "disconnected"; readonly error?: RoomsError };

/** What the transports of a client share. */
export interface TransportContext {
  readonly ports: Ports;
  readonly tokens: Tokens;
  readonly serverTime: ServerTime;
  readonly users: UserGuard;
  /** How the next socket of a transport is made; `unheard`: of so many in a row it has heard nothing. */
  dial(unheard: number): Ports["dial"] | Promise<Ports["dial"]>;
  /**
   * Whether something on the way swallows what sockets say, while HTTP works. Asked about a socket that stays
   * silent; takes some seconds, and says `false` where the server is only slow.
   */
  isSwallowed(): Promise<boolean>;
  /** The address before `/v1`, with the scheme of a socket. */
  readonly base: string;
  /** How long commands are gathered into one frame. */
  readonly batchMs: number;
  readonly log: LogFunction;
}

/** What a channel asks for when its connection opens: the query of a socket, or the fields of a `join`. */
export interface OpenRequest {
  readonly since: string | undefined;
  readonly replaces: string | undefined;
  readonly history: number | undefined;
  readonly topics: Topics;
  /** How far the open messages of a room are held: `<seq>:<n>`, several separated by commas. */
  readonly have?: string | undefined;
}

/** Called in the order of the wire, never before `open` has returned, and not after `close`. */
export interface LinkEvents {
  /** What the channel takes; other frames are left out. */
  readonly frames: FrameTable;
  /** Asked once, at the moment at which the request goes out. */
  request(): OpenRequest;
  onFrame(frame: IncomingFrame): void;
  /** All frames that came in one text were handled. */
  onTurn(): void;
  /** The transport has sent a command of its own. */
  onSent(command: Command): void;
  /** The server answered a new token with this permission. */
  onPermission(permission: Permission): void;
  /** The last call. */
  onEnd(end: ConnectionEnd): void;
}

/** One connection, from the wish to open it until its end. */
export interface Link {
  readonly isOpen: boolean;
  send(command: Command): Written;
  /** Gives the connection up as lost: `onEnd` is called. */
  drop(end: ConnectionEnd): void;
  /** Ends it after what was gathered went out; `onEnd` is not called. */
  close(why: "leaving" | "startingOver"): void;
}

/** Why no connection can be opened. Without `error` where the app asked for it. */
export interface NoConnection {
  readonly error: RoomsError | undefined;
  /** Another try would end in the same way. */
  readonly isFinal: boolean;
}

export interface Transport {
  /** Whether a request may ask for no topic at all (`[]`). Elsewhere the channel says so once it is live. */
  readonly canAskForNoTopics: boolean;
  /** Its answers are replays, which leave out numbers, also once it is live. */
  readonly skipsNumbers?: boolean;
  /**
   * What must happen before a connection can be opened: `undefined` where nothing must. Settles when one can be opened,
   * when there will be none, or when `signal` aborts. Until then `onState` gets the state to show.
   */
  ready(
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ): Promise<NoConnection | undefined> | undefined;
  open(events: LinkEvents): Link;
  /** The channel starts over. `now`: the app asked for it, so what has given up is tried again. */
  restart(when: "now" | "afterTurn"): void;
  /** No other connection is opened until `restart`. */
  release(): void;
}
