import type { RoomsError } from "../util/errors.ts";
import type { ConnectionState } from "./connection-state.ts";
import type { Ending } from "./ending.ts";

/** Why there will be no socket. Without `error` on the app's own wish. */
export interface RouteEnd {
  readonly error: RoomsError | undefined;
  /** Another try would not change it. */
  readonly final: boolean;
}

/** What the sockets of a connection depend on, where they are not sockets of their own. */
export interface Route {
  /** Whether one can be opened now. */
  readonly isOpen: boolean;
  /** The app wants to start over, whatever it is at. */
  restart(): void;
  /** Settles once one can be opened, with why there will be none, or when aborted. Meanwhile `onState` is told. */
  opened(signal: AbortSignal, onState: (state: ConnectionState) => void): Promise<RouteEnd | undefined>;
  /** Whether an end says nothing of the connection itself: then it does not count, and nothing is waited for. */
  excuses(ending: Ending): boolean;
  /** There will be no other socket until the app wants one. */
  leave(): void;
}
