// The shapes of what a server sends, as the contract has them.

import type {
  AuthResult,
  CaughtUp,
  ChangeResult,
  HistoryResult,
  Left,
  Limits,
  Member,
  MemberJoined,
  MemberLeft,
  Members,
  MemberUpdated,
  Message,
  MessageDeleted,
  MessageUpdated,
  Notification,
  NotificationEvent,
  NotificationsResult,
  NotificationUpdated,
  Occupancy,
  OccupancyChanged,
  Pong,
  Reaction,
  ReadResult,
  Receipt,
  ReconnectLimits,
  RoomConnected,
  SendResult,
  SessionConnected,
  Signal,
  TopicsResult,
  User,
} from "../../src/protocol/index.ts";
import {
  anything,
  dictionary,
  instant,
  integer,
  list,
  literal,
  nullable,
  number,
  optional,
  type Shape,
  shape,
  text,
} from "./shape.ts";

const user = { id: text, name: optional(text), picture: optional(text) };
const isUser = shape<User>(user);
const isSender = shape<Pick<User, "id" | "name">>({ id: text, name: optional(text) });
const isMember = shape<Member>({ ...user, status: text, data: anything, joinedAt: instant });
const isOccupancy = shape<Occupancy>({ members: integer, connections: integer });

export const isMessage = shape<Message>({
  type: literal("message"),
  seq: integer,
  id: text,
  event: text,
  from: nullable(isSender),
  byServer: optional(literal(true)),
  at: instant,
  data: anything,
  replyTo: optional(integer),
  mentions: optional(list(text)),
  editedAt: optional(instant),
  editedBy: optional(nullable(text)),
  deletedAt: optional(instant),
  reactions: optional(dictionary(list(text))),
  changed: optional(integer),
});

export const isMessageUpdated = shape<MessageUpdated>({
  type: literal("messageUpdated"),
  seq: integer,
  at: instant,
  message: isMessage,
  by: nullable(text),
});

export const isMessageDeleted = shape<MessageDeleted>({
  type: literal("messageDeleted"),
  seq: integer,
  at: instant,
  target: integer,
  by: nullable(text),
});

export const isReaction = shape<Reaction>({
  type: literal("reaction"),
  seq: integer,
  at: instant,
  target: integer,
  emoji: text,
  user: text,
  op: text,
});

export const isSignal = shape<Signal>({
  type: literal("signal"),
  event: text,
  from: nullable(isSender),
  data: anything,
  at: instant,
});

export const isMemberJoined = shape<MemberJoined>({ type: literal("memberJoined"), member: isMember });
export const isMemberUpdated = shape<MemberUpdated>({ type: literal("memberUpdated"), member: isMember });
export const isMemberLeft = shape<MemberLeft>({ type: literal("memberLeft"), user: text, at: instant });
export const isMembers = shape<Members>({
  type: literal("members"),
  members: list(isMember),
  more: optional(literal(true)),
});
export const isOccupancyChanged = shape<OccupancyChanged>({
  type: literal("occupancy"),
  members: integer,
  connections: integer,
});
export const isReceipt = shape<Receipt>({
  type: literal("receipt"),
  user: text,
  seq: integer,
  at: instant,
});

export const isLeft = shape<Left>({
  type: literal("left"),
  room: text,
  code: text,
  retryAfterMs: optional(number),
  message: optional(text),
});

const notification: Shape<Omit<Notification, "type">> = {
  seq: integer,
  id: text,
  title: text,
  message: text,
  priority: text,
  topic: optional(text),
  link: optional(text),
  data: anything,
  at: instant,
  expiresAt: optional(nullable(instant)),
  muted: optional(literal(true)),
  state: text,
};
export const isNotification = shape<NotificationEvent>({
  type: literal("notification"),
  ...notification,
  unread: integer,
});
/** In a list the type and the total may go without saying. */
const isListed = shape<Notification>({ type: optional(literal("notification")), ...notification });

export const isNotificationUpdated = shape<NotificationUpdated>({
  type: literal("notificationUpdated"),
  seq: integer,
  at: instant,
  ids: optional(list(text)),
  upTo: optional(integer),
  state: text,
  unread: integer,
});

const isLimits = shape<Limits>({
  messageBytes: number,
  frameBytes: number,
  ratePerSecond: number,
  rateBurst: number,
  slowModeMs: number,
  listedMembers: number,
  pingMs: number,
  pongMs: number,
});
const isSessionLimits = shape<Pick<Limits, "pingMs" | "pongMs">>({ pingMs: number, pongMs: number });
const isReconnectLimits = shape<ReconnectLimits>({ minMs: number, maxMs: number });

export const isReadResult = shape<ReadResult>({ seq: integer, unread: integer });

const connected = {
  type: literal("connected"),
  protocol: integer,
  connection: text,
  epoch: text,
  head: integer,
  floor: integer,
  recovery: text,
  reconnect: isReconnectLimits,
  at: instant,
};

export const isRoomConnected = shape<RoomConnected>({
  ...connected,
  room: text,
  user: nullable(isUser),
  permission: text,
  expiresAt: nullable(instant),
  members: list(isMember),
  moreMembers: optional(literal(true)),
  occupancy: isOccupancy,
  read: optional(isReadResult),
  limits: isLimits,
});

export const isSessionConnected = shape<SessionConnected>({
  ...connected,
  user: isUser,
  expiresAt: instant,
  unread: integer,
  limits: isSessionLimits,
});

export const isCaughtUp = shape<CaughtUp>({
  type: literal("caughtUp"),
  seq: integer,
  more: optional(literal(true)),
  floor: optional(integer),
});
export const isPong = shape<Pong>({ type: literal("pong"), id: optional(text), at: optional(instant) });

export const isSendResult = shape<SendResult>({
  seq: integer,
  at: instant,
  duplicate: optional(literal(true)),
});
export const isChangeResult = shape<ChangeResult>({ seq: integer });
export const isTopicsResult = shape<TopicsResult>({ topics: nullable(list(text)), seq: integer });
export const isAuthResult = shape<AuthResult>({ expiresAt: instant, permission: optional(text) });
/** Of `mark`. */
export const isUnreadResult = shape<Pick<NotificationsResult, "unread">>({ unread: integer });
export const isHistoryResult = shape<HistoryResult>({
  messages: optional(list(isMessage)),
  events: optional(list(anything)),
  seq: integer,
  more: optional(literal(true)),
  floor: optional(integer),
});
export const isNotificationsResult = shape<NotificationsResult>({
  notifications: list(isListed),
  unread: integer,
  more: optional(literal(true)),
});
