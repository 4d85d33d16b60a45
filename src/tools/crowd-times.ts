// The times that the model of a crowd is made of. What `npm run bench -- --only "(r)"` measures, and what is assumed.

export interface CrowdTimes {
  /** CPU time, in microseconds: a frame to one socket, one that comes a second after the last, and a message more in it. */
  readonly frameUs: number;
  readonly seldomFrameUs: number;
  readonly copyUs: number;
  /** At the room: a flush of one message, and a message more in it. */
  readonly flushUs: number;
  readonly messageUs: number;
  /** A call between two objects, at each end. */
  readonly callUs: number;
  /** In milliseconds: until a row is durable, from one object to another, and between an object and a browser. */
  readonly durableMs: number;
  readonly hopMs: number;
  readonly edgeMs: number;
}

/** workerd 1.20261117 on an Intel Xeon that had other work too, 2026-11-30. One thread does all of it. */
const MEASURED = {
  frameUs: 9,
  seldomFrameUs: 40,
  copyUs: 0.15,
  flushUs: 1_800,
  messageUs: 37,
  callUs: 71,
} as const;

/** Nothing of Cloudflare's network can be measured here. */
const ASSUMED = { durableMs: 10, hopMs: 10, edgeMs: 20 } as const;

export const CROWD_TIMES: CrowdTimes = { ...MEASURED, ...ASSUMED };
