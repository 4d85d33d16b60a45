// What one caller can cost a day who uses the default limits to the full. Pure: limits, counters and prices in, figures
// out. A guess is on the high side.

import { BYTES_A_UNIT, FRAME, OPENING, ROW, SAMPLE } from "../object/spending.ts";
import { INCOMING_FRAMES_A_REQUEST, LOG_LINE_USD, OBJECT_GB, PRICES } from "./prices.ts";

/** The defaults that bound an attack. A test compares them with the settings and `wrangler.toml`. */
export const ATTACK_LIMITS = {
  /** `RATE_LIMITER`, of a user; a call without a token counts twice. */
  callsAMinute: 600,
  anonymousCallsAMinute: 300,
  /** Further calls without a token that name a connection over calls. */
  readingCallsAMinute: 2_400,
  /** `USER_BUDGET_PER_DAY`, in millionths of a US dollar. */
  userBudget: 300_000,
  /**
   * The most rooms that a user's object knows: in each the user may spend one sample more until it hears of the hold.
   */
  knownRooms: 2_500,
  messageBytes: 32_768,
  /** Frames that one connection without a token may send in all. */
  anonymousFrames: 50,
  /** `LOG_SAMPLE`. */
  logSample: 0.1,
} as const;

export interface Attack {
  readonly workerRequests: number;
  readonly objectRequests: number;
  readonly rowsWritten: number;
  readonly storedGb: number;
  /** Rooms that did not exist before. */
  readonly objectsMade: number;
  /** Storage for a month included. */
  readonly usd: number;
}

const MINUTES_A_DAY = 1_440;
const WORKER_CPU_MS = 2;
/** Seconds that an object works for one event. */
const ACTIVE_S = 0.01;
const GB = 1e9;

const eventUsd = (requests: number): number =>
  requests * PRICES.objectRequests.usdPerUnit + ACTIVE_S * OBJECT_GB * PRICES.objectGbSeconds.usdPerUnit;

const CALL_USD =
  PRICES.workerRequests.usdPerUnit + WORKER_CPU_MS * PRICES.workerCpuMs.usdPerUnit + eventUsd(1);
/** The two lines of a connection in the log, for a part of the connections. */
const linesUsd = (logSample: number): number => 2 * logSample * LOG_LINE_USD;
const FRAME_USD = eventUsd(1 / INCOMING_FRAMES_A_REQUEST);

/** A user; or a stolen token, which can do what its user can until it expires or is revoked. */
export function attackByUser(limits: typeof ATTACK_LIMITS = ATTACK_LIMITS): Attack {
  const calls = limits.callsAMinute * MINUTES_A_DAY;
  const units = limits.userBudget + SAMPLE * limits.knownRooms;
  const largest = ROW + limits.messageBytes / BYTES_A_UNIT;
  return {
    workerRequests: calls,
    objectRequests: calls + units / FRAME / INCOMING_FRAMES_A_REQUEST,
    rowsWritten: units / ROW,
    storedGb: ((units / largest) * limits.messageBytes) / GB,
    objectsMade: Math.floor(units / OPENING),
    usd: calls * (CALL_USD + linesUsd(limits.logSample)) + units / 1e6,
  };
}

/** A caller without a token, at one address. */
export function attackByAddress(limits: typeof ATTACK_LIMITS = ATTACK_LIMITS): Attack {
  const openings = limits.anonymousCallsAMinute * MINUTES_A_DAY;
  const calls = openings + limits.readingCallsAMinute * MINUTES_A_DAY;
  const frames = openings * limits.anonymousFrames;
  return {
    workerRequests: calls,
    objectRequests: calls + frames / INCOMING_FRAMES_A_REQUEST,
    rowsWritten: 0,
    storedGb: 0,
    objectsMade: 0,
    usd: calls * CALL_USD + openings * linesUsd(limits.logSample) + frames * FRAME_USD,
  };
}

/** Millionths of a US dollar that the prices of `src/object/spending.ts` must not be below. */
export const LEAST_PRICES = { frame: FRAME_USD * 1e6, call: eventUsd(1) * 1e6 } as const;
