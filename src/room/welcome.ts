// The first frames of a connection, and the pages that follow a long replay. Made at the end of a flush, so that
// everything stored by then is in them and what is stored later is live.

import {
  type Limits,
  PROTOCOL_VERSION,
  type ReconnectLimits,
  type RoomConnected,
  type Topics,
} from "../protocol/index.ts";
import { caughtUp, REPLAY } from "../realtime/answers.ts";
import { joinFrames } from "../realtime/frames.ts";
import type { Attendance } from "./attendance.ts";
import type { RoomConnection, Stage } from "./room-connection.ts";
import type { RoomLog } from "./room-log.ts";
import type { Unread } from "./unread.ts";

export interface WelcomeSettings {
  readonly room: string;
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}

interface Replay {
  readonly recovery: RoomConnected["recovery"];
  readonly frames: readonly string[];
  readonly stage: Stage;
}

/** So that a deploy does not bring all back at once. */
const SPREAD_MS_A_CONNECTION = 2;

/** Welcomes the joiners of one flush: what is the same for many of them is made once. */
export class Welcome {
  readonly #settings: WelcomeSettings;
  readonly #log: RoomLog;
  readonly #attendance: Attendance;
  readonly #unread: Unread;
  readonly #replays = new Map<string, Replay>();
  #members: string | undefined;

  constructor(settings: WelcomeSettings, log: RoomLog, attendance: Attendance, unread: Unread) {
    this.#settings = settings;
    this.#log = log;
    this.#attendance = attendance;
    this.#unread = unread;
  }

  greet(connection: RoomConnection, now: number): void {
    const { stage, topics } = connection.state;
    if (stage.at !== "joining") return;
    const replay = this.#replay(stage.since, stage.history, topics);
    connection.update({ stage: replay.stage });
    connection.socket.send(this.#connected(connection, replay, now));
    for (const frame of replay.frames) connection.socket.send(frame);
  }

  #connected({ state, user, identity }: RoomConnection, { recovery }: Replay, now: number): string {
    const { occupancy } = this.#attendance;
    const { room, limits, reconnect } = this.#settings;
    const minMs = Math.max(reconnect.minMs, SPREAD_MS_A_CONNECTION * occupancy.connections);
    const connected = {
      type: "connected",
      protocol: PROTOCOL_VERSION,
      connection: state.id,
      room,
      user,
      permission: state.actor.permission,
      expiresAt: identity.kind === "user" ? identity.expiresAt : null,
      epoch: this.#log.epoch,
      head: this.#log.head,
      floor: this.#log.floor,
      recovery,
      ...(user !== null && { read: this.#unread.of(user.id) }),
      occupancy,
      limits,
      reconnect: { minMs, maxMs: Math.max(minMs, reconnect.maxMs) },
      at: now,
    } satisfies Omit<RoomConnected, "members">;
    return `${JSON.stringify(connected).slice(0, -1)},"members":${state.presence ? this.#listMembers() : "[]"}}`;
  }

  #listMembers(): string {
    this.#members ??= JSON.stringify(this.#attendance.members);
    return this.#members;
  }

  #replay(since: string | undefined, history: number, topics: Topics): Replay {
    const key = JSON.stringify([since ?? null, history, topics]);
    let replay = this.#replays.get(key);
    if (replay === undefined) {
      replay = this.#makeReplay(since, history, topics);
      this.#replays.set(key, replay);
    }
    return replay;
  }

  #makeReplay(since: string | undefined, history: number, topics: Topics): Replay {
    const { recovery, after } = this.#log.recover(since);
    if (recovery !== "complete") {
      const frames = joinFrames(this.#log.latest(topics, history), REPLAY);
      return { recovery, frames: [...frames, caughtUp(this.#log.head)], stage: { at: "live" } };
    }
    const page = this.#log.eventsAfter(after, topics);
    const frames = [...joinFrames(page.events, REPLAY), caughtUp(page.seq, page.more)];
    if (!page.more) return { recovery, frames, stage: { at: "live" } };
    const told = { since: after, asOf: this.#log.head };
    return { recovery: "partial", frames, stage: { at: "paging", after: page.seq, told } };
  }
}
