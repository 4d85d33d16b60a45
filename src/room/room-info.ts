import type { Identity } from "../access/identity.ts";
import { MAX_PAGE_BYTES, type Occupancy, type RoomInfo, type Topics } from "../protocol/index.ts";
import type { Page } from "./log/log-page.ts";
import { pageRowsOf } from "./people/allowances.ts";
import { defaultSettings, type RoomDefaults } from "./people/room-settings.ts";
import type { Room } from "./room.ts";

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

const EMPTY = { members: 0, connections: 0 };

/** Of a room that nobody made: to look at it makes none. */
export const infoOfNone = (room: string, defaults: RoomDefaults): RoomInfo => ({
  room,
  head: 0,
  floor: 0,
  occupancy: EMPTY,
  settings: defaultSettings(defaults),
});

export const messagesOfNone = (before = 1): MessagesPage => ({
  events: [],
  seq: Math.min(before, 1),
  more: false,
  looked: 0,
  head: 0,
  floor: 0,
});

export const MEMBERS_OF_NONE: MembersInfo = { members: "[]", occupancy: EMPTY };

export const membersOf = ({ roomPresence: { members, occupancy } }: Room): MembersInfo => ({
  members: JSON.stringify(members),
  occupancy,
});

export function infoOf({ name, log, roomPresence, settings }: Room): RoomInfo {
  const { epoch, head, floor, createdAt } = log;
  const { occupancy } = roomPresence;
  return { room: name, epoch, head, floor, occupancy, settings: settings.own, createdAt };
}

export function messagesOf(
  { log }: Room,
  identity: Identity,
  before: number | undefined,
  limit: number,
  topics: Topics,
): MessagesPage {
  const { epoch, head, floor } = log;
  const size = { limit, maxBytes: MAX_PAGE_BYTES, rows: pageRowsOf(identity) };
  return { ...log.messagesBefore(before ?? head + 1, topics, size), epoch, head, floor };
}
