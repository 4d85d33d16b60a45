import type { Actor } from "../../access/identity.ts";
import { BaseConnection, type BaseConnectionState, isCurrent } from "../../object/connection.ts";
import type { SocketPort } from "../../object/socket-port.ts";
import type { Topics } from "../../protocol/index.ts";
import type { ReplaySnapshot } from "../log/log-page.ts";
import type { UserPosition } from "./read-sheets.ts";
import { NOTHING_SAID, type Said } from "./said.ts";

/** What the Worker has checked of a connection that opens, and passes to the room's object. */
export interface RoomUpgrade {
  readonly actor: Actor;
  readonly since?: string;
  readonly history: number;
  /** How far the client has open messages, as it said. */
  readonly have?: string;
  readonly topics: Topics;
  readonly presence: boolean;
  /** Whether it counts in the occupancy and, of a user, as a member. */
  readonly counted: boolean;
  /** The largest frame that it wants to be sent, in bytes; left out: any. */
  readonly frameBytes?: number;
  /** Batches say sender and event once for many messages. */
  readonly envelopes?: true;
  /** The connection that its client gave up. */
  readonly replaces?: string;
  readonly speaksOurProtocol: boolean;
  /** Its client has no socket, and fetches the frames. */
  readonly polls?: true;
  /** Where its client is, as a place for objects; left out: not known. */
  readonly region?: string;
  /** It is the wait of a single call, of which the log says nothing if all went well. */
  readonly isCall?: true;
}

/** Where a connection stands between its first frame and the live events. */
export type Stage =
  | { readonly at: "joining"; readonly since?: string; readonly history: number; readonly have?: string }
  /** Its replay was too long for one: it gets no new sequenced events until it has asked for the rest. */
  | { readonly at: "paging"; readonly after: number; readonly told: ReplaySnapshot }
  | { readonly at: "live" };

export interface RoomConnectionState extends BaseConnectionState {
  readonly actor: Actor;
  /** Whether it is sent events about members. */
  readonly presence: boolean;
  /** Whether it counts in the occupancy; one poll of an instant does not. */
  readonly counted: boolean;
  readonly stage: Stage;
  /** When the user became a member, in milliseconds: the same on all of the user's connections. `null`: not yet. */
  readonly joinedAt: number | null;
  /** The presence that was set on this connection. */
  readonly said: Said;
  readonly isCall?: true;
  readonly envelopes?: true;
  /** How far its user has read, if it keeps that: it may be written meanwhile, or another connection knows better. */
  readonly read?: UserPosition | undefined;
  /** How many frames it has sent, of an anonymous reader. */
  readonly asked?: number;
  /** The epoch that it was sent while the room had no tables; ignored once it has. */
  readonly epoch?: string;
}

type Opening = Omit<RoomUpgrade, "replaces" | "speaksOurProtocol" | "polls" | "region"> &
  Pick<RoomConnectionState, "epoch">;

/** The state of a connection that opens. */
export const newConnectionState = (
  id: string,
  { actor, topics, presence, counted, since, history, have, frameBytes, envelopes, epoch, isCall }: Opening,
): RoomConnectionState => ({
  version: 1,
  id,
  actor,
  topics,
  presence,
  counted,
  pingedAt: null,
  stage: {
    at: "joining",
    history,
    ...(since !== undefined && { since }),
    ...(have !== undefined && { have }),
  },
  joinedAt: null,
  said: NOTHING_SAID,
  ...(epoch !== undefined && { epoch }),
  ...(isCall && { isCall }),
  ...(frameBytes !== undefined && { frameBytes }),
  ...(envelopes && { envelopes }),
});

/** In the life of a connection without a token: it comes back with its cursor, and the edge counts how often. */
export const MAX_ANONYMOUS_FRAMES = 50;

/** Open messages of which a connection is sent no appends: it is sent them whole when it has read what it was sent. */
export type LackedStreams = "all" | ReadonlySet<number>;

const NO_STREAMS: LackedStreams = new Set();

export class RoomConnection extends BaseConnection<RoomConnectionState> {
  #lacked: LackedStreams = NO_STREAMS;
  #audienceKey: string;
  #permissionUntil: number;
  /** The number of the relay that has its socket; `null`: it is here. */
  readonly relay: number | null;

  constructor(socket: SocketPort, state: RoomConnectionState, relay: number | null = null) {
    super(socket, state);
    this.relay = relay;
    this.#audienceKey = audienceKey(state);
    this.#permissionUntil = untilOf(state.actor);
  }

  get identity() {
    return this.state.actor.identity;
  }

  /** Its client reads batches in envelopes, and frames of bytes. */
  get envelopes(): boolean {
    return this.state.envelopes ?? false;
  }

  /** Connections with the same key are sent the very same frames. */
  get audienceKey(): string {
    return this.#audienceKey;
  }

  /** Until when its permission is known, in milliseconds; `Infinity`: as long as its token lasts. */
  get permissionUntil(): number {
    return this.#permissionUntil;
  }

  /**
   * Counts a frame of an anonymous reader, also through sleeps: each wakes the room, and no user's budget pays for it.
   * Answers whether there were too many.
   */
  asksTooMuch(): boolean {
    if (this.identity.kind !== "anonymous") return false;
    const asked = (this.state.asked ?? 0) + 1;
    this.update({ asked });
    return asked > MAX_ANONYMOUS_FRAMES;
  }

  /** The wait of a single call ends too soon to keep anything. */
  override get keepsState(): boolean {
    return super.keepsState && !this.state.isCall;
  }

  /** Whether there are open messages that it lacks. */
  get isBehind(): boolean {
    return this.#lacked !== NO_STREAMS;
  }

  /** Whether it is sent no appends of this open message, as it lacks what came before. */
  lacksStream(seq: number): boolean {
    return this.#lacked === "all" || this.#lacked.has(seq);
  }

  /** From here on it lacks these open messages too. */
  lackStreams(streams: LackedStreams): void {
    if (streams === "all" || this.#lacked === "all") this.#lacked = "all";
    else this.#lacked = new Set([...this.#lacked, ...streams]);
  }

  /** It is sent the open messages that it lacks. Answers which. */
  takeLackedStreams(): LackedStreams {
    const lacked = this.#lacked;
    this.#lacked = NO_STREAMS;
    return lacked;
  }

  /** From here on its permission is unknown until it is updated, whatever the clock does. */
  lapse(): void {
    this.#permissionUntil = Number.NEGATIVE_INFINITY;
  }

  override update(patch: Partial<RoomConnectionState>): void {
    super.update(patch);
    if (patch.actor !== undefined) this.#permissionUntil = untilOf(patch.actor);
    this.#audienceKey = audienceKey(this.state);
  }
}

const untilOf = ({ permissionUntil = Number.POSITIVE_INFINITY }: Actor): number => permissionUntil;

const audienceKey = ({
  stage,
  actor,
  presence,
  topics,
  frameBytes,
  envelopes,
  isCall,
}: RoomConnectionState): string =>
  `${stage.at} ${actor.identity.kind} ${presence} ${frameBytes ?? "any"} ${envelopes ?? ""} ${isCall ?? ""} ${topics === null ? "*" : topics.join()}`;

export const readState = (attachment: unknown): RoomConnectionState | undefined =>
  isRoomState(attachment) ? attachment : undefined;

const isRoomState = (attachment: unknown): attachment is RoomConnectionState => isCurrent(attachment);
