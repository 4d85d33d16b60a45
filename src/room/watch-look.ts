// What watchers read: an answer for all who have the same cursor, so it must not depend on who asks.

import {
  formatCursor,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  type Occupancy,
  type RoomConnected,
  type Topics,
} from "../protocol/index.ts";
import type { Page } from "./log/log-page.ts";
import type { RoomLook } from "./looks.ts";
import { pageRowsOf, priceOf } from "./people/allowances.ts";
import type { Room } from "./room.ts";

export interface WatchQuery {
  /** A cursor. Left out, or unreadable: the latest messages. */
  readonly since: string | undefined;
  /** How many of the latest messages. */
  readonly history: number;
  readonly topics: Topics;
}

/** The events are JSON already, as they go over the wire. */
export interface WatchedPage {
  readonly events: readonly string[];
  /** The `since` of the next call. */
  readonly cursor: string;
  readonly recovery: RoomConnected["recovery"];
  readonly more: boolean;
  readonly floor: number;
  readonly occupancy: Occupancy;
}

/** Priced as if nothing were found; what was read is charged after it. */
export const WATCH_LOOK: RoomLook<WatchQuery, WatchedPage> = {
  cost: () => 1,
  look(room, identity, query, now) {
    const { log, allowances, roomPresence, sharedHead } = room;
    const { epoch, floor } = log;
    const upTo = sharedHead.upTo(log, now);
    const { recovery, after } = log.recover(query.since);
    const rows = pageRowsOf(identity);
    const page =
      recovery === "complete"
        ? log.eventsAfter(after, query.topics, { ...REPLAY, rows }, undefined, Math.max(after, upTo))
        : latest(room, upTo, rows, query);
    const bytes = page.events.reduce((sum, event) => sum + event.length, 0);
    allowances.charge(identity, priceOf(identity, { rows: page.looked, bytes }) - 1, now);
    return {
      events: page.events,
      cursor: formatCursor({ epoch, seq: page.seq }),
      recovery: page.more ? "partial" : recovery,
      more: page.more,
      floor,
      occupancy: roomPresence.occupancy,
    };
  },
};

const REPLAY = { limit: MAX_REPLAY_EVENTS, maxBytes: MAX_PAGE_BYTES };

/** A first answer is whole: what is older takes another call. */
function latest({ log, streams }: Room, upTo: number, rows: number, { history, topics }: WatchQuery): Page {
  if (history === 0) return { events: [], seq: upTo, more: false, looked: 0 };
  const size = { limit: history, maxBytes: MAX_PAGE_BYTES, rows };
  const page = log.messagesBefore(upTo + 1, topics, size, (event) => streams.inPage(event));
  return { ...page, seq: upTo, more: false };
}
