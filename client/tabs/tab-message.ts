// What tabs say to each other. The name of their channels tells the version of this, so all who hear it know it.

import { type Command, isRecord, type Permission, type Topics } from "../../src/protocol/index.ts";
import type { ConnectionEnd } from "../connection/transport/connection-end.ts";
import type { ConnectionState, OpenRequest } from "../connection/transport/transport.ts";
import type { LogKind } from "../core/client-context.ts";
import { RoomsError, type RoomsErrorCode } from "../util/errors.ts";

/** To be raised with each change that an older tab would not understand. */
export const TAB_PROTOCOL = 3;

/** A log as one connection has it. Tabs that filter it in different ways have one each, as the server filters. */
export interface LogKey {
  readonly kind: LogKind;
  /** Of the room. */
  readonly name: string;
  readonly topics: Topics;
}

export const logId = ({ kind, name, topics }: LogKey): string => JSON.stringify([kind, name, topics]);

/** An error as it can be sent to another tab. */
interface PackedError {
  readonly code: RoomsErrorCode;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  readonly path: readonly (string | number)[] | undefined;
}

const pack = ({ code, message, retryAfterMs, path }: RoomsError): PackedError => ({
  ...{ code, message, retryAfterMs, path },
});
const unpack = ({ code, message, ...details }: PackedError): RoomsError =>
  new RoomsError(code, message, details);

type Packed<T> = T extends { readonly error?: never }
  ? T
  : T extends { readonly error: RoomsError }
    ? Omit<T, "error"> & { readonly error: PackedError }
    : Omit<T, "error"> & { readonly error?: PackedError };
export type PackedState = Packed<ConnectionState>;
export type PackedEnd = Packed<ConnectionEnd>;

export function packState(state: ConnectionState): PackedState {
  if (state.status === "reconnecting") return { ...state, error: pack(state.error) };
  if (state.status !== "disconnected") return state;
  return { status: state.status, ...(state.error && { error: pack(state.error) }) };
}

export function unpackState(state: PackedState): ConnectionState {
  if (state.status === "reconnecting") return { ...state, error: unpack(state.error) };
  if (state.status !== "disconnected") return state;
  return { status: state.status, ...(state.error && { error: unpack(state.error) }) };
}

export const packEnd = (end: ConnectionEnd): PackedEnd => ({ ...end, error: pack(end.error) });
export const unpackEnd = (end: PackedEnd): ConnectionEnd => ({ ...end, error: unpack(end.error) });

/** What a tab asks of the one that holds the connections. `link` names one connection of one of its channels. */
export type TabCall =
  /** It is there, is looked at or not, and has had the focus at this time of its clock. */
  | { readonly type: "here"; readonly isVisible: boolean; readonly usedAt: number }
  | { readonly type: "open"; readonly key: LogKey; readonly link: string; readonly request: OpenRequest }
  | { readonly type: "send"; readonly link: string; readonly command: Command }
  | { readonly type: "close"; readonly link: string }
  /** The app wants a connection now, and not after the wait for the next try. */
  | { readonly type: "hurry"; readonly key: LogKey }
  /** It wants nothing of this log any more. `handOver`: it goes on with other topics, so its user is not seen to leave. */
  | { readonly type: "release"; readonly key: LogKey; readonly how: "leave" | "handOver" }
  | { readonly type: "gone" };

/** What a tab hears of the one that holds the connections. */
export type TabNews =
  /** Checked by the one that reads it, as the tab may run an older client than this one. */
  | { readonly type: "frames"; readonly link: string; readonly frames: readonly unknown[] }
  /** Before the greeting: where the token of the holder names the user who is greeted. */
  | { readonly type: "user"; readonly link: string; readonly places: string }
  | { readonly type: "permission"; readonly link: string; readonly permission: Permission }
  | { readonly type: "end"; readonly link: string; readonly end: PackedEnd }
  | {
      readonly type: "state";
      readonly log: string;
      readonly state: PackedState;
      /** While `disconnected`: another try would end in the same way. */
      readonly isFinal: boolean;
    };

/** Which tab holds the connections. The greatest term counts. */
export interface Holder {
  readonly term: number;
  readonly tab: string;
  /** It was looked at when it said this. Else its timers come late. */
  readonly isVisible: boolean;
  /** It says so from a timer. */
  readonly isBeat: boolean;
}

export interface AddressedCall {
  readonly term: number;
  readonly tab: string;
  readonly call: TabCall;
}

export interface AddressedNews {
  readonly term: number;
  readonly news: readonly TabNews[];
}

const hasTerm = (data: unknown) => isRecord(data) && typeof data.term === "number";
export const isHolder = (data: unknown): data is Holder =>
  hasTerm(data) && isRecord(data) && typeof data.tab === "string" && data.call === undefined;
export const isCall = (data: unknown): data is AddressedCall =>
  hasTerm(data) && isRecord(data) && typeof data.tab === "string" && isRecord(data.call);
export const isNews = (data: unknown): data is AddressedNews =>
  hasTerm(data) && isRecord(data) && Array.isArray(data.news);
