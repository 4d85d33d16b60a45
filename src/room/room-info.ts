import { MAX_PAGE_BYTES, type Occupancy, type Topics } from "../protocol/index.ts";
import type { Page } from "./log-page.ts";
import type { Room } from "./room.ts";
import type { OwnSettings } from "./room-settings.ts";

/** What `GET /v1/rooms/:room` answers. */
export interface RoomInfo {
  readonly room: string;
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  readonly occupancy: Occupancy;
  readonly settings: OwnSettings;
  readonly createdAt: number;
}

export interface MessagesPage extends Page {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
}

export function infoOf({ name, log, attendance, settings }: Room): RoomInfo {
  const { epoch, head, floor, createdAt } = log;
  const { occupancy } = attendance;
  return { room: name, epoch, head, floor, occupancy, settings: settings.own, createdAt };
}

export function messagesOf(
  { log }: Room,
  before: number | undefined,
  limit: number,
  topics: Topics,
): MessagesPage {
  const { epoch, head, floor } = log;
  return {
    ...log.messagesBefore(before ?? head + 1, topics, { limit, maxBytes: MAX_PAGE_BYTES }),
    epoch,
    head,
    floor,
  };
}
