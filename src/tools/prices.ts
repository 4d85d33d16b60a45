// Cloudflare's published prices, in US dollars. Look them up anew before you rely on them:
// https://developers.cloudflare.com/durable-objects/platform/pricing/ and
// https://developers.cloudflare.com/workers/platform/pricing/

/** The day they were read. */
export const PRICES_AS_OF = "2026-11-20";

export interface Price {
  /** Included in the paid plan a month, for the whole account. */
  readonly included: number;
  readonly usdPerUnit: number;
}

const perMillion = (usd: number): number => usd / 1e6;

/** The Workers Paid plan, before any usage. */
export const PLAN_USD_A_MONTH = 5;

export const PRICES = {
  /** HTTP requests and connects. Frames over a socket are no requests of the Worker. */
  workerRequests: { included: 10e6, usdPerUnit: perMillion(0.3) },
  workerCpuMs: { included: 30e6, usdPerUnit: perMillion(0.02) },
  /** Connects, RPC, alarms; 20 incoming frames count as one. Outgoing frames and heartbeats are free. */
  objectRequests: { included: 1e6, usdPerUnit: perMillion(0.15) },
  /** GB-seconds. An object that could sleep is not billed, not even in the 10 s before it does. */
  objectGbSeconds: { included: 400_000, usdPerUnit: perMillion(12.5) },
  rowsRead: { included: 25e9, usdPerUnit: perMillion(0.001) },
  /** A `setAlarm` counts as one. */
  rowsWritten: { included: 50e6, usdPerUnit: perMillion(1) },
  /** GB-months. */
  storedGb: { included: 5, usdPerUnit: 0.2 },
} as const satisfies Readonly<Record<string, Price>>;

/** A line of Workers Logs. 20 million a month are included. */
export const LOG_LINE_USD = perMillion(0.6);

export type Meter = keyof typeof PRICES;

export const INCOMING_FRAMES_A_REQUEST = 20;
/** An object is billed as if it had this much memory. */
export const OBJECT_GB = 0.128;

/**
 * Assumption, without a source: what a service that bills each delivery asks for a million. Replace it by your offer.
 */
export const ASSUMED_USD_PER_MILLION_DELIVERIES = 2.5;
