// The first frames of a connection. They are read at the end of a flush: everything stored by then is in them, and what
// is stored later is live.

import { caughtUp } from "../object/answers.ts";
import { ReplayFrames } from "../object/replay-frames.ts";
import {
  exceedsBytes,
  type Limits,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  PROTOCOL_VERSION,
  type ReconnectLimits,
  type RoomConnected,
  type Topics,
} from "../protocol/index.ts";
import type { LastFrame } from "./delivery.ts";
import type { Page } from "./log/log-page.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { PageBudget } from "./page-budget.ts";
import { type PageMakers, pageThere } from "./page-there.ts";
import { memberFrames } from "./people/member-frames.ts";
import type { RoomConnection, Stage } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { Unread } from "./people/unread.ts";
import type { PageFrames } from "./room-commands.ts";
import { parseHave, type Streams } from "./streams.ts";

export interface WelcomeSettings {
  readonly room: string;
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}

export interface WelcomeRules {
  readonly log: RoomLog;
  readonly roomPresence: RoomPresence;
  readonly pages: PageBudget;
  readonly streams: Streams;
  readonly relays?: PageMakers | undefined;
}

interface Replay {
  readonly recovery: RoomConnected["recovery"];
  readonly page: Page;
  readonly stage: Stage;
}

/** Clients come back spread over this long for each connection, in milliseconds: so a deploy does not bring all back at once. */
const SPREAD_MS_A_CONNECTION = 2;

/** Makes the first frames for the joiners of one flush. What is the same for many of them is made once. */
export class Welcome {
  readonly #settings: WelcomeSettings;
  readonly #rules: WelcomeRules;
  readonly #unread: Unread;
  readonly #replays = new ReplayFrames();
  #members: string | undefined;

  constructor(settings: WelcomeSettings, rules: WelcomeRules, unread: Unread) {
    this.#settings = settings;
    this.#rules = rules;
    this.#unread = unread;
  }

  /** The first frames of a connection. A replay has at most `maxBytes`; without a cursor the latest come in a whole page. */
  greet(connection: RoomConnection, maxBytes: number, now: number): PageFrames {
    const { stage, topics } = connection.state;
    if (stage.at !== "joining") return { frames: [], rows: 0 };
    const replay = this.#replay(stage.since, stage.history, topics, maxBytes);
    connection.update({ stage: replay.stage });
    const { page } = replay;
    const frames = [
      ...this.#greeting(connection, replay, now),
      ...this.#pageOf(page, connection),
      ...this.#endOf(replay, stage.have, connection),
    ];
    return { frames, rows: page.looked };
  }

  /** What the client has of open messages counts if it keeps it. A partial replay is followed by them at its end. */
  #endOf({ recovery, page }: Replay, have: string | undefined, connection: RoomConnection): string[] {
    const end = caughtUp(page.seq, page.more);
    if (recovery === "partial") return [end];
    return this.#rules.streams.liveFrames(
      connection,
      end,
      recovery === "complete" ? parseHave(have) : undefined,
    );
  }

  /** `connected`, and the members in frames of their own if they do not fit in it. */
  #greeting(connection: RoomConnection, { recovery }: Replay, now: number): string[] {
    const { state, user, identity, frameBytes } = connection;
    const { log, roomPresence } = this.#rules;
    const { occupancy } = roomPresence;
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
      epoch: log.epoch,
      head: log.head,
      floor: log.floor,
      recovery,
      ...(user !== null && { read: this.#unread.of(user.id) }),
      occupancy,
      limits: { ...limits, frameBytes },
      reconnect: { minMs, maxMs: Math.max(minMs, reconnect.maxMs) },
      at: now,
    } satisfies Omit<RoomConnected, "members">;
    const head = JSON.stringify(connected).slice(0, -1);
    const whole = `${head},"members":${state.presence ? this.#listMembers() : "[]"}}`;
    if (!exceedsBytes(whole, frameBytes) || !state.presence) return [whole];
    const list = memberFrames(roomPresence.members, frameBytes);
    return [`${head},"members":[],"moreMembers":true}`, ...list];
  }

  #listMembers(): string {
    this.#members ??= JSON.stringify(this.#rules.roomPresence.members);
    return this.#members;
  }

  #replay(since: string | undefined, history: number, topics: Topics, maxBytes: number): Replay {
    const { log, pages } = this.#rules;
    const { recovery, after } = log.recover(since);
    if (recovery !== "complete") {
      // No later page brings the rest, so it is not made smaller; it is the same for all that come without a cursor.
      const size = { limit: history, maxBytes: MAX_PAGE_BYTES };
      const page = pages.once(JSON.stringify(["latest", history, topics]), () => {
        const latest =
          history === 0 ? { events: [], looked: 0 } : log.messagesBefore(log.head + 1, topics, size);
        return { ...latest, seq: log.head, more: false };
      });
      return { recovery, page, stage: { at: "live" } };
    }
    const page = pages.once(JSON.stringify(["since", after, topics, maxBytes]), () =>
      log.eventsAfter(after, topics, { limit: MAX_REPLAY_EVENTS, maxBytes }),
    );
    if (!page.more) return { recovery, page, stage: { at: "live" } };
    const told = { since: after, asOf: log.head };
    return { recovery: "partial", page, stage: { at: "paging", after: page.seq, told } };
  }

  #pageOf(page: Page, connection: RoomConnection): readonly LastFrame[] {
    const there = pageThere(this.#rules.relays, connection, page);
    return there === undefined ? this.#replays.of(page.events, connection) : [there];
  }
}
