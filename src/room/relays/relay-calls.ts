// What the objects of a room and of its relays send each other. Everything is data, in the order in which it takes effect.

import type { Departure } from "../../object/close-codes.ts";
import type { CountedEntry } from "../../object/journal.ts";
import type { Traffic } from "../../object/traffic.ts";
import type { Closing, Refusal } from "../../protocol/index.ts";
import type { PageRecipe } from "../log/log-page.ts";
import type { Expelled, Expulsion } from "../people/expulsion.ts";
import type { RoomConnectionState, RoomUpgrade } from "../people/room-connection.ts";
import type { RelayedCounts } from "../people/room-presence.ts";

/** Which relay, and where it was placed ("": anywhere). */
export interface StoredRelay {
  readonly number: number;
  readonly region: string;
}

/** A place in a log. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** Where a relay is: in the log, and in what the room sends it. */
export interface RelayPosition extends Position {
  /** Of the room's object, with the number of the last dispatch of that life. */
  readonly life: string;
  readonly number: number;
}

/** How many are at a relay, past their first frames. */
export type RelaySums = RelayedCounts;

/** What a relay says of it. */
export interface RelayCount extends RelaySums {
  /** Rises with each count of this life of the relay's object. */
  readonly count: number;
  /** The last dispatch that it had taken before; `null`: none is known. */
  readonly after: Pick<RelayPosition, "life" | "number"> | null;
  /** It holds what was stored or changed after this place; `null`: nothing. */
  readonly holds: Position | null;
}

/** Who receives an event, by the ids of users and connections. As the audiences of `Delivery`. */
export type RelayAudience =
  | {
      readonly kind: "stored";
      readonly event: string;
      readonly instead?: { readonly on: string; readonly answer: string };
      /** Of an event that says less: the message as it is now, for relays that do not hold it. */
      readonly now?: MessageNow;
    }
  | {
      readonly kind: "signal";
      readonly event: string;
      /** The connection that sent it. */
      readonly by?: string;
      readonly exceptUser?: string;
      readonly toUser?: string;
    }
  | { readonly kind: "members" }
  | { readonly kind: "receipt" }
  | { readonly kind: "append"; readonly event: string; readonly target: number }
  | { readonly kind: "only"; readonly to: readonly string[]; readonly toUser?: string };

/** A message that was changed. `since`: the place of its last event before; `undefined`: the room did not have it in memory. */
export interface MessageNow {
  readonly body: string;
  readonly since: number | undefined;
}

/** An event, encoded. */
export type RelayEntry = RelayAudience & { readonly json: string };

/** One part of a delivery: events to all, then answers. */
export interface DeliverStep {
  readonly do: "deliver";
  readonly entries: readonly RelayEntry[];
  readonly answers: readonly (readonly [connection: string, answers: readonly string[]])[];
  readonly checkpoint: string | null;
}

/** An act of moderation closes connections. */
export interface ExpelStep {
  readonly do: "expel";
  readonly whom: Expelled;
  readonly expulsion: Expulsion;
  readonly departure: Departure;
}

export type RelayStep =
  | DeliverStep
  | { readonly do: "admitted"; readonly id: string }
  | { readonly do: "refused"; readonly id: string; readonly refusal: Refusal }
  /** Its first frames follow: from here on it receives what is delivered. */
  | { readonly do: "open"; readonly id: string; readonly state: RoomConnectionState }
  /** Frames, or their places in `texts` of the dispatch. */
  | { readonly do: "send"; readonly id: string; readonly frames: (string | number)[] }
  | ({ readonly do: "page"; readonly id: string } & PageThere)
  | { readonly do: "state"; readonly id: string; readonly state: RoomConnectionState }
  /** It lacks open messages, or is about to be sent those that it lacked. */
  | { readonly do: "lacks"; readonly id: string; readonly streams: "all" | readonly number[] }
  | { readonly do: "whole"; readonly id: string }
  | { readonly do: "close"; readonly id: string; readonly closing: Closing }
  | ExpelStep;

/** What a room wants to know of a relay. `key`: as `placeKeyOf` says it. */
export type RelayQuestion =
  | { readonly about: "users"; readonly users: readonly string[] }
  | { readonly about: "place"; readonly key: string }
  | { readonly about: "connection"; readonly id: string; readonly user: string };

/** What is left out is not known, or not asked. */
export interface RelayReply {
  /** The places in `users` of those who hear what is delivered. */
  readonly there?: readonly number[];
  /** Open ones, and those that wait for their first frames. */
  readonly connections?: number;
  /** Of a connection, as JSON. */
  readonly state?: string;
}

/** A page that a relay makes of what it holds, in place of its frames. */
export interface PageThere {
  readonly recipe: PageRecipe;
  /** The answer that it is; left out: a replay. */
  readonly answer?: PageAnswer;
  /** How large its events are, in UTF-16 units. */
  readonly length: number;
}

export interface PageAnswer {
  readonly id: string;
  readonly field: "messages" | "events";
  readonly more: boolean;
  readonly fields: { readonly seq: number; readonly floor?: number };
}

/** What one flush of a room has for a relay. */
export interface Dispatch {
  /** Which life of the room's object made it. */
  readonly life: string;
  /** Rises by one with each dispatch of this life to this relay. */
  readonly number: number;
  /** Precondition: where the relay is in the log. */
  readonly after: Position;
  readonly upTo: Position;
  readonly steps: readonly RelayStep[];
  /** What stands more than once in the steps. */
  readonly texts: readonly string[];
  /** Connections that are not let in yet, or have commands that still wait. */
  readonly waiting: readonly string[];
  /** Rises with each such list that this life makes for this relay: an older one that comes later says nothing. */
  readonly waitingAs: number;
  /** How many messages are open. */
  readonly openStreams: number;
  /** Nothing up to `since` is to be held at the relay, and no message up to `floor`. */
  readonly recent: { readonly since: number; readonly floor: number };
  /** Whether the room needs the connections of users that are at the relay. */
  readonly asksWho: boolean;
  /** Answered when the steps have taken effect. */
  readonly asks: readonly RelayQuestion[];
  /** Dispatches of this life that had steps are lost, unless the relay has taken some of this life. */
  readonly hasLost?: true;
  /** What woke the room is not in it yet: a silent client may wait for that, and is not closed before. */
  readonly awaitsWaker?: true;
}

export interface AddressedDispatch extends StoredRelay {
  readonly dispatch: Dispatch;
}

/** What became of dispatches. */
export interface DispatchAnswer {
  /** Which life of the relay's object answers. */
  readonly life: string;
  readonly sums: RelayCount;
  /** What its sockets were sent since it said so last. */
  readonly sent: Pick<Traffic, "frames" | "bytes" | "replayBytes">;
  /** Its connections that opened and closed, which no upload has said either. */
  readonly counted: readonly CountedEntry[];
  /**
   * The states of the connections of users as JSON, as what they say of themselves may be anything. If the room asked, or
   * this life has not said it yet; left out if they are too many.
   */
  readonly who?: string;
  /** To what dispatches asked, by their numbers. */
  readonly replies: readonly { readonly dispatch: number; readonly replies: readonly RelayReply[] }[];
}

export type UploadItem =
  | {
      readonly kind: "join";
      readonly id: string;
      readonly upgrade: RoomUpgrade;
      /** Connections that the relay has of the same user, or from the same address. */
      readonly others: number;
      /** The connection that its client gave up, if that is at the same relay. */
      readonly replaced?: RoomConnectionState;
    }
  | {
      readonly kind: "frames";
      readonly state: RoomConnectionState;
      readonly frames: (string | ArrayBuffer)[];
      /** What waits in its socket, in bytes. */
      readonly unsent: number;
    }
  /** It has read, and lacks these open messages. */
  | {
      readonly kind: "lacking";
      readonly state: RoomConnectionState;
      readonly streams: "all" | readonly number[];
    }
  /** `state`: of a connection that was past its first frames. */
  | {
      readonly kind: "left";
      readonly id: string;
      readonly departure: Departure;
      readonly state?: RoomConnectionState;
    };

/** What a relay gathered for the room. */
export interface Upload {
  readonly relay: number;
  /** Which life of the relay's object sends it, and the how many-eth of that life it is. */
  readonly relayLife: string;
  readonly number: number;
  /** The life of the room's object that it is for; `null`: any, as none is known. */
  readonly life: string | null;
  /** The last dispatch of that life that the relay had taken before. */
  readonly seen: number;
  readonly sums: RelayCount;
  /** As in the answer to dispatches. */
  readonly counted: readonly CountedEntry[];
  readonly items: readonly UploadItem[];
}

/** What became of an upload. `other life`: nothing of it was taken. */
export type UploadAnswer =
  | {
      readonly kind: "taken";
      readonly life: string;
      /** As in a dispatch: all others are done. */
      readonly waiting: readonly string[];
      readonly waitingAs: number;
      /** The number of the last dispatch, which is on its way: answers to what is done are in it, or in ones before. */
      readonly dispatched: number;
    }
  | { readonly kind: "other life"; readonly life: string };

/** What may be called on the object of a relay. */
export interface RelayCalls {
  /** In order. Those that were taken before are passed over. */
  deliver(dispatches: readonly Dispatch[]): Promise<DispatchAnswer>;
}

/** What relays call on the object of their room. */
export interface RelayedRoomCalls {
  /**
   * Of one relay, or of those of a hub. Settles when what they bring is durable, but what still waits. With a join in it,
   * when it is taken.
   */
  upload(uploads: readonly Upload[]): Promise<readonly UploadAnswer[]>;
}

/** No name of a room has a slash. */
export const relayName = (room: string, relay: number): string => `${room}/${relay}`;

/** The room and the number of a relay's name. */
export function readRelayName(name: string): { readonly room: string; readonly relay: number } {
  const at = name.lastIndexOf("/");
  return { room: name.slice(0, at), relay: Number(name.slice(at + 1)) };
}
