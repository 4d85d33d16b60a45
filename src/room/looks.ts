// The calls of a room that only look: they never create it, and answer for an empty room if there is none.
//
// To add a look: a method of `RoomCalls`, an entry here, and a method of `RoomObject` that names it.

import type { Identity } from "../access/identity.ts";
import { MAX_PAGE_BYTES, type Occupancy, type RoomInfo, type Topics } from "../protocol/index.ts";
import type { Page } from "./log/log-page.ts";
import { pageRowsOf, priceOf } from "./people/allowances.ts";
import { defaultSettings, type RoomDefaults } from "./people/room-settings.ts";
import type { Room } from "./room.ts";

/** The events are JSON already, as they go over the wire. */
export interface MessagesPage extends Page {
  readonly epoch?: string;
  readonly head: number;
  readonly floor: number;
}

export interface MembersInfo {
  /** The list as JSON, as `data` of a member may be anything. */
  readonly members: string;
  readonly occupancy: Occupancy;
}

export interface PageQuery {
  /** Left out: the end of the log. */
  readonly before: number | undefined;
  readonly limit: number;
  readonly topics: Topics;
}

export interface RoomLook<Input, T> {
  /** In tokens of the user's bucket, 0 unless given. */
  cost?(identity: Identity, input: Input): number;
  look(room: Room, identity: Identity, input: Input, now: number): T;
  /** The answer if there is no such room. Left out: the room is opened in memory, so that it has an epoch. */
  none?(name: string, defaults: RoomDefaults, input: Input): T;
}

const EMPTY = { members: 0, connections: 0 };

export const INFO_LOOK: RoomLook<undefined, RoomInfo> = {
  look({ name, log, roomPresence, settings }) {
    const { epoch, head, floor, createdAt } = log;
    const { occupancy } = roomPresence;
    return { room: name, epoch, head, floor, occupancy, settings: settings.own, createdAt };
  },
  none: (room, defaults) => ({
    room,
    head: 0,
    floor: 0,
    occupancy: EMPTY,
    settings: defaultSettings(defaults),
  }),
};

export const MEMBERS_LOOK: RoomLook<undefined, MembersInfo> = {
  look: ({ roomPresence: { members, occupancy } }) => ({ members: JSON.stringify(members), occupancy }),
  none: () => ({ members: "[]", occupancy: EMPTY }),
};

/** Priced as if the page were full; the rest is given back when it was read. */
export const MESSAGES_LOOK: RoomLook<PageQuery, MessagesPage> = {
  cost: (identity, { limit }) => priceOf(identity, { rows: limit, bytes: 0 }),
  look({ log, allowances, streams }, identity, { before, limit, topics }, now) {
    const { epoch, head, floor } = log;
    const size = { limit, maxBytes: MAX_PAGE_BYTES, rows: pageRowsOf(identity) };
    const page = log.messagesBefore(before ?? head + 1, topics, size, (event) => streams.inPage(event));
    const bytes = page.events.reduce((sum, event) => sum + event.length, 0);
    const paid = priceOf(identity, { rows: limit, bytes: 0 });
    allowances.charge(identity, priceOf(identity, { rows: page.looked, bytes }) - paid, now);
    return { ...page, epoch, head, floor };
  },
  none: (_, __, { before = 1 }) => ({
    events: [],
    seq: Math.min(before, 1),
    more: false,
    looked: 0,
    head: 0,
    floor: 0,
  }),
};
