import type { Actor } from "../auth/identity.ts";
import { Connection, type ConnectionState, isCurrent } from "../realtime/connection.ts";
import type { SocketPort } from "../realtime/socket-port.ts";
import type { Told } from "./room-log.ts";
import type { Said } from "./said.ts";

/** Where a connection stands between its first frame and the live events. */
export type Stage =
  | { readonly at: "joining"; readonly since?: string; readonly history: number }
  /** Its replay was too long for one: it gets no new sequenced events until it has asked for the rest. */
  | { readonly at: "paging"; readonly after: number; readonly told: Told }
  | { readonly at: "live" };

export interface RoomConnectionState extends ConnectionState {
  readonly actor: Actor;
  /** Whether it hears of members. */
  readonly presence: boolean;
  /** Whether it counts in the occupancy; one poll of an instant does not. */
  readonly counted: boolean;
  readonly stage: Stage;
  /** Since when the user is a member: the same on all of the user's connections. `null`: not yet. */
  readonly joinedAt: number | null;
  /** What was said of the user on this connection. */
  readonly said: Said;
}

export class RoomConnection extends Connection<RoomConnectionState> {
  #hearing: string;
  #permissionUntil: number;

  constructor(socket: SocketPort, state: RoomConnectionState) {
    super(socket, state);
    this.#hearing = hearing(state);
    this.#permissionUntil = untilOf(state.actor);
  }

  get identity() {
    return this.state.actor.identity;
  }

  /** Whose allowance its commands use: the user's, or its own where there is none. */
  get account(): string {
    return this.user?.id ?? this.state.id;
  }

  /** Connections with the same are sent the very same frames. */
  get hearing(): string {
    return this.#hearing;
  }

  /** Until when its permission is known, in milliseconds; `Infinity`: as long as its token lasts. */
  get permissionUntil(): number {
    return this.#permissionUntil;
  }

  /** Its permission is not known until it is updated, whatever the clock does. */
  lapse(): void {
    this.#permissionUntil = Number.NEGATIVE_INFINITY;
  }

  override update(patch: Partial<RoomConnectionState>): void {
    super.update(patch);
    if (patch.actor !== undefined) this.#permissionUntil = untilOf(patch.actor);
    this.#hearing = hearing(this.state);
  }
}

const untilOf = ({ permissionUntil = Number.POSITIVE_INFINITY }: Actor): number => permissionUntil;

const hearing = ({ stage, actor, presence, topics, frameBytes }: RoomConnectionState): string =>
  `${stage.at} ${actor.identity.kind} ${presence} ${frameBytes ?? "any"} ${topics === null ? "*" : topics.join()}`;

export const readState = (attachment: unknown): RoomConnectionState | undefined =>
  isRoomState(attachment) ? attachment : undefined;

const isRoomState = (attachment: unknown): attachment is RoomConnectionState => isCurrent(attachment);
