// What a room is given: where it keeps things, and what it needs of its surroundings.

import type { SessionStore } from "../session-rooms/room-side/session-store.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { ReadSheets } from "./people/read-sheets.ts";
import type { ReceiptStore } from "./people/receipt-store.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { UserRecords } from "./people/user-records.ts";
import type { RelayStore } from "./relays/relay-store.ts";
import type { RelayPlan } from "./relays/relays.ts";
import type { AsksAbout } from "./ruling.ts";
import type { ScheduleStore } from "./time/schedule-store.ts";
import type { RoomWebhooks } from "./webhooks.ts";

export interface RoomStorage {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly users: UserRecords;
  readonly receipts: ReceiptStore;
  readonly sheets: ReadSheets;
  readonly sessions: SessionStore;
  readonly schedule: ScheduleStore;
  readonly relays: RelayStore;
  /** Left out: the back end is told nothing. */
  readonly webhooks?: RoomWebhooks | undefined;
}

export interface RoomPorts {
  /** A command failed unexpectedly. The room goes on. */
  reportFault(error: unknown): void;
  /** The row of a session could not be written. The room goes on. */
  reportUnwritten(error: unknown): void;
  newEpoch(): string;
  /** Of which events accepted commands are noted in the journal; `*`: of all. */
  readonly notedTopics: readonly string[];
  /** From 0 to below 1. */
  random(): number;
  /** Left out: the deployer's back end is asked about no message. */
  readonly asksAbout?: AsksAbout | undefined;
  /** Left out: all sockets are here. */
  readonly relays?: RelayPlan | undefined;
}
