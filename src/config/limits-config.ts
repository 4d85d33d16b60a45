import { LISTED_MEMBERS, type Limits, MAX_FRAME_BYTES, MAX_HISTORY_S } from "../protocol/index.ts";
import type { SettingsReader } from "./settings-reader.ts";

const HOUR_MS = 3_600_000;

export interface LimitsConfig {
  readonly history: number;
  /** How long rooms keep a message; 0: no limit. */
  readonly historySeconds: number;
  readonly inbox: number;
  readonly connectionsPerRoom: number;
  readonly connectionsPerUser: number;
  readonly connectionsPerAddress: number;
  /** What a user may cost a day, in millionths of a US dollar at list price; 0: not counted. */
  readonly userBudget: number;
  readonly messageBytes: number;
  readonly ratePerSecond: number;
  readonly rateBurst: number;
  readonly pingMs: number;
  readonly pongMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly streamEveryMs: number;
  readonly streamTimeoutMs: number;
  readonly maxAgentTurns: number;
}

export function readLimits(read: SettingsReader): LimitsConfig {
  const limits = {
    history: read.integer("HISTORY_LIMIT", 10_000, 1, 100_000),
    historySeconds: read.integer("HISTORY_SECONDS", 0, 0, MAX_HISTORY_S),
    inbox: read.integer("INBOX_LIMIT", 1_000, 1, 100_000),
    connectionsPerRoom: read.integer("MAX_CONNECTIONS_PER_ROOM", 10_000, 1, 1_000_000),
    connectionsPerUser: read.integer("MAX_CONNECTIONS_PER_USER", 100, 1, 32_000),
    connectionsPerAddress: read.integer("MAX_CONNECTIONS_PER_ADDRESS", 1_000, 1, 32_000),
    userBudget: read.integer("USER_BUDGET_PER_DAY", 300_000, 0, 1_000_000_000),
    messageBytes: read.integer("MAX_MESSAGE_BYTES", 32_768, 1, 262_144),
    ratePerSecond: read.number("RATE_PER_SECOND", 10, 0.001, 1_000_000),
    rateBurst: read.number("RATE_BURST", 30, 1, 1_000_000),
    pingMs: read.integer("PING_MS", 25_000, 1_000, HOUR_MS),
    pongMs: read.integer("PONG_MS", 10_000, 500, HOUR_MS),
    reconnectMinMs: read.integer("RECONNECT_MIN_MS", 1_000, 1, HOUR_MS),
    reconnectMaxMs: read.integer("RECONNECT_MAX_MS", 30_000, 1, HOUR_MS),
    streamEveryMs: read.integer("STREAM_EVERY_MS", 40, 0, 10_000),
    streamTimeoutMs: 1_000 * read.integer("STREAM_TIMEOUT_SECONDS", 60, 5, 3_600),
    maxAgentTurns: read.integer("MAX_AGENT_TURNS", 0, 0, 1_000),
  };
  if (limits.reconnectMaxMs < limits.reconnectMinMs) {
    read.problem("RECONNECT_MAX_MS", "must not be below RECONNECT_MIN_MS");
  }
  return limits;
}

/** The limits that a connection is sent. */
export const clientLimits = (limits: LimitsConfig): Limits => ({
  messageBytes: limits.messageBytes,
  frameBytes: MAX_FRAME_BYTES,
  ratePerSecond: limits.ratePerSecond,
  rateBurst: limits.rateBurst,
  slowModeMs: 0,
  listedMembers: LISTED_MEMBERS,
  pingMs: limits.pingMs,
  pongMs: limits.pongMs,
});
