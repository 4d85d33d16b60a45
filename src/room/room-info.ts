import type { Occupancy } from "../protocol/index.ts";
import type { Page } from "./log-page.ts";
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
