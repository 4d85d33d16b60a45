// The shapes of what the HTTP API answers, as the contract has them.

import type {
  Ban,
  BansResult,
  FollowedRoom,
  FollowedRoomsResult,
  MessagesResult,
  OwnSettings,
  Preferences,
  QuietHours,
  ReceiptEntry,
  ReceiptsResult,
  SettingsResult,
} from "../../src/protocol/index.ts";
import { unreadable } from "../util/errors.ts";
import {
  instant,
  integer,
  list,
  literal,
  nullable,
  number,
  optional,
  shape,
  text,
  truth,
} from "../wire/shape.ts";
import { isMessage } from "../wire/shapes.ts";

const isReceiptEntry = shape<ReceiptEntry>({ user: text, seq: integer, at: instant });
export const isReceiptsResult = shape<ReceiptsResult>({ receipts: list(isReceiptEntry) });

const isBan = shape<Ban>({
  user: text,
  until: instant,
  at: instant,
  by: nullable(text),
  reason: optional(text),
});
export const isBansResult = shape<BansResult>({ bans: list(isBan), more: optional(literal(true)) });

const isOwnSettings = shape<OwnSettings>({
  slowModeMs: number,
  maxConnections: number,
  historyLimit: number,
});
/** Of `GET /v1/rooms/:room` too. */
export const isSettingsResult = shape<SettingsResult>({ settings: isOwnSettings });

export const isMessagesResult = shape<MessagesResult>({
  messages: list(isMessage),
  epoch: optional(text),
  head: integer,
  floor: integer,
  seq: integer,
  more: optional(literal(true)),
});

const isFollowedRoom = shape<FollowedRoom>({
  room: text,
  head: integer,
  readSeq: integer,
  unread: nullable(integer),
});
export const isFollowedRoomsResult = shape<FollowedRoomsResult>({
  rooms: list(isFollowedRoom),
  next: optional(text),
});

const isQuietHours = shape<QuietHours>({ from: text, to: text, timeZone: text });
export const isPreferences = shape<Preferences>({
  mutedTopics: list(text),
  mutedRooms: list(text),
  quietHours: nullable(isQuietHours),
  push: truth,
});

/** The answer, if it has the shape of the contract. Else it rejects with `offline`. */
export async function checked<T>(
  answer: Promise<unknown>,
  hasShape: (value: unknown) => value is T,
): Promise<T> {
  const value = await answer;
  if (hasShape(value)) return value;
  throw unreadable();
}
