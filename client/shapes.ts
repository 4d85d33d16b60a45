// The shapes of what a server sends, as the contract has them.

import type {
  AuthResult,
  CaughtUp,
  HistoryResult,
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
  Receipt,
  ReconnectLimits,
  RoomConnected,
  SendResult,
  SessionConnected,
  Signal,
  TopicsResult,
  User,
} from "../src/protocol/index.ts";
import {
  anything,
  dictionary,
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
const isMember = shape<Member>({ ...user, status: text, data: anything, joinedAt: number });
const isOccupancy = shape<Occupancy>({ members: integer, connections: integer });

export const isMessage = shape<Message>({
  type: literal("message"),
  seq: integer,
  id: text,
  event: text,
  from: nullable(isSender),
  at: number,
  data: anything,
  replyTo: optional(integer),
  mentions: optional(list(text)),
  editedAt: optional(number),
  deletedAt: optional(number),
  reactions: optional(dictionary(list(text))),
  changed: optional(integer),
});

export const isMessageUpdated = shape<MessageUpdated>({
  type: literal("messageUpdated"),
  seq: integer,
  at: number,
  message: isMessage,
  by: nullable(text),
});

export const isMessageDeleted = shape<MessageDeleted>({
  type: literal("messageDeleted"),
  seq: integer,
  at: number,
  target: integer,
  by: nullable(text),
});

export const isReaction = shape<Reaction>({
  type: literal("reaction"),
  seq: integer,
  at: number,
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
  at: number,
});

export const isMemberJoined = shape<MemberJoined>({ type: literal("memberJoined"), member: isMember });
export const isMemberUpdated = shape<MemberUpdated>({ type: literal("memberUpdated"), member: isMember });
export const isMemberLeft = shape<MemberLeft>({ type: literal("memberLeft"), user: text, at: number });
export const isMembers = shape<Members>({ type: literal("members"), members: list(isMember) });
export const isOccupancyChanged = shape<OccupancyChanged>({
  type: literal("occupancy"),
  members: integer,
  connections: integer,
});
export const isReceipt = shape<Receipt>({
  type: literal("receipt"),
  user: text,
  seq: integer,
  at: number,
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
  at: number,
  expiresAt: optional(nullable(number)),
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
  at: number,
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

const connected = {
  type: literal("connected"),
  protocol: integer,
  connection: text,
  epoch: text,
  head: integer,
  floor: integer,
  recovery: text,
  reconnect: isReconnectLimits,
  at: number,
};

export const isRoomConnected = shape<RoomConnected>({
  ...connected,
  room: text,
  user: nullable(isUser),
  permission: text,
  expiresAt: nullable(number),
  members: list(isMember),
  occupancy: isOccupancy,
  limits: isLimits,
});

export const isSessionConnected = shape<SessionConnected>({
  ...connected,
  user: isUser,
  expiresAt: number,
  unread: integer,
  limits: isSessionLimits,
});

export const isCaughtUp = shape<CaughtUp>({
  type: literal("caughtUp"),
  seq: integer,
  more: optional(literal(true)),
});
export const isPong = shape<Pong>({ type: literal("pong"), id: optional(text), at: optional(number) });

export const isSendResult = shape<SendResult>({
  seq: integer,
  at: number,
  duplicate: optional(literal(true)),
});
export const isTopicsResult = shape<TopicsResult>({ topics: nullable(list(text)), seq: integer });
export const isAuthResult = shape<AuthResult>({ expiresAt: number, permission: optional(text) });
/** Of `mark`. */
export const isUnreadResult = shape<Pick<NotificationsResult, "unread">>({ unread: integer });
export const isHistoryResult = shape<HistoryResult>({
  messages: optional(list(isMessage)),
  events: optional(list(anything)),
  seq: integer,
  more: optional(literal(true)),
});
export const isNotificationsResult = shape<NotificationsResult>({
  notifications: list(isListed),
  unread: integer,
  more: optional(literal(true)),
});
