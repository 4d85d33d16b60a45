// Frames of a server, with defaults for everything that a test does not care about.

import type { Frame } from "./fake-sockets.ts";

export const LIMITS = {
  messageBytes: 32_768,
  frameBytes: 1_048_576,
  ratePerSecond: 10,
  rateBurst: 30,
  slowModeMs: 0,
  listedMembers: 200,
  pingMs: 25_000,
  pongMs: 10_000,
  // For a session; a room's connection ignores it.
  rooms: 50,
};

/** An hour after the fake clock's start. */
export const EXPIRES_AT = 1_790_003_600_000;

const ofUsers = (more: Frame): Frame => (more.user === null ? {} : { read: { seq: 0, unread: 0 } });

export const connected = (more: Frame = {}): Frame => ({
  type: "connected",
  protocol: 1,
  connection: "c_1",
  room: "lobby",
  user: { id: "usr_1", name: "Ada" },
  permission: "write",
  expiresAt: EXPIRES_AT,
  epoch: "e1",
  head: 0,
  floor: 0,
  recovery: "none",
  members: [],
  occupancy: { members: 0, connections: 0 },
  ...ofUsers(more),
  limits: LIMITS,
  reconnect: { minMs: 1_000, maxMs: 30_000 },
  at: 1_790_000_000_000,
  ...more,
});

export function sessionConnected(more: Frame = {}): Frame {
  const { room: _, permission: __, members: ___, occupancy: ____, read: _____, ...frame } = connected();
  return { ...frame, unread: 0, ...more };
}

export const caughtUp = (seq: number, more: Frame = {}): Frame => ({ type: "caughtUp", seq, ...more });

export const message = (seq: number, more: Frame = {}): Frame => ({
  type: "message",
  seq,
  id: `m${seq}`,
  event: "chat",
  from: { id: "usr_2", name: "Bo" },
  at: 1_790_000_000_000 + seq,
  data: { text: `text ${seq}` },
  ...more,
});

/** The whole message as it is from `seq` on. */
export const update = (seq: number, held: Frame, by: string | null = null): Frame => ({
  type: "messageUpdated",
  seq,
  at: seq,
  message: { ...held, changed: seq },
  by,
});

export const deletion = (seq: number, target: number, more: Frame = {}): Frame => ({
  type: "messageDeleted",
  seq,
  at: seq,
  target,
  by: null,
  ...more,
});

export const reaction = (seq: number, target: number, emoji: string, user: string, op = "add"): Frame => ({
  type: "reaction",
  seq,
  at: seq,
  target,
  emoji,
  user,
  op,
});

export const replay = (...events: Frame[]): Frame => ({ type: "batch", replay: true, events });

export const batch = (...events: Frame[]): Frame => ({ type: "batch", events });

export const member = (id: string, more: Frame = {}): Frame => ({
  id,
  name: id,
  status: "online",
  data: null,
  joinedAt: 1,
  ...more,
});

export const notification = (seq: number, more: Frame = {}): Frame => ({
  type: "notification",
  seq,
  id: `n${seq}`,
  title: `Title ${seq}`,
  message: "",
  priority: "medium",
  data: null,
  at: 1_790_000_000_000 + seq,
  state: "unseen",
  unread: seq,
  ...more,
});

/** The answer to a command. */
export const ok = (command: Frame | undefined, more: Frame = {}): Frame => ({
  type: "ok",
  id: command?.id,
  ...more,
});

export const refusal = (command: Frame | undefined, code: string, more: Frame = {}): Frame => ({
  type: "error",
  id: command?.id,
  code,
  message: code,
  ...more,
});
