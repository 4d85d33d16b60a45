// A room of very many readers, simulated: when the last of them has a message, what its objects do for it, and which of
// them cannot keep up. Pure and deterministic: a crowd and times in, figures out. docs/performance.md shows them.

import type { CrowdTimes } from "./crowd-times.ts";

export interface Crowd {
  readonly readers: number;
  readonly messagesPerSecond: number;
  /** `RELAY_ABOVE`: so many sockets the room holds itself. */
  readonly atRoom: number;
  /** So many each relay holds. */
  readonly atRelay: number;
  /** So many relays the room calls itself; of further ones hubs call so many each. */
  readonly direct: number;
  readonly relaysOfHub: number;
  /** So many calls of one object wait for their answers at a time. */
  readonly callsAtOnce: number;
  /** Whether a relay makes one frame of the flushes that one call brings. */
  readonly joinsFlushes: boolean;
}

export interface CrowdFigures {
  readonly relays: number;
  /** Those of them that have a hub, and the hubs. */
  readonly withHub: number;
  readonly hubs: number;
  /** From the sender until the last of all readers has it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the room, and of all its objects. */
  readonly callsPerSecond: number;
  readonly allCallsPerSecond: number;
  /** Frames that a reader gets. */
  readonly framesPerSecond: number;
  /** Parts of a thread that are used, at one object of each kind. */
  readonly roomBusy: number;
  readonly hubBusy: number;
  readonly relayBusy: number;
  /** The first that falls behind for good. */
  readonly behind: "nothing" | "room" | "hub" | "relay";
}

/** What leaves an object together. */
interface Batch {
  readonly atMs: number;
  /** When each message was sent. */
  readonly sentMs: readonly number[];
  readonly flushes: number;
}

interface Stage {
  readonly batches: readonly Batch[];
  readonly workMs: number;
}

const MIN_MESSAGES = 400;
const MIN_SECONDS = 30;
/** As `FlushLoop` does: about as long as the delivery takes, and at most this. */
const GATHER_US_A_SOCKET = 10;
const MAX_GATHER_MS = 50;
/** A frame so long after the last one is one that comes seldom. */
const SELDOM_MS = 500;
/** An object that ends so much later than the one before it, beyond its usual time, has fallen behind. */
const BEHIND_MS = 3_000;

export function simulateCrowd(crowd: Crowd, times: CrowdTimes): CrowdFigures {
  const shape = shapeOf(crowd);
  const sentMs = sendingTimes(crowd.messagesPerSecond);
  const seconds = (sentMs.at(-1) ?? 0) / 1_000;
  const { hubs, direct, relaysOfHub, relaySockets } = shape;
  const called = direct + hubs;
  const room = atRoom(sentMs, shape.ownSockets, called, times);
  const { callsAtOnce, joinsFlushes } = crowd;
  const workUs = ({ flushes, sentMs: messages }: Batch, sinceMs: number) => {
    const load = { frames: joinsFlushes ? 1 : flushes, messages: messages.length, sinceMs };
    return deliveryUs(relaySockets, load, times);
  };
  const near = direct === 0 ? room : atCalled(room, times, { called, callsAtOnce, workUs });
  const hub =
    hubs === 0
      ? room
      : atCalled(room, times, {
          ...{ called, callsAtOnce, workUs: () => relaysOfHub * times.callUs },
          // It answers when its relays have.
          heldMs: (batch) => 2 * times.hopMs + (times.callUs + workUs(batch, SELDOM_MS)) / 1_000,
        });
  const last = hubs === 0 ? near : atCalled(hub, times, { called: relaysOfHub, callsAtOnce, workUs });
  const latencies = last.batches.flatMap(({ atMs, sentMs: sent }) =>
    sent.map((one) => atMs + times.edgeMs - one),
  );
  const busy = ({ workMs }: Stage, exists: number) => (exists === 0 ? 0 : workMs / 1_000 / seconds);
  const roomCalls = near.batches.length * direct + hub.batches.length * hubs;
  const withHub = shape.relays - direct;
  const framesOf = ({ batches }: Stage) =>
    joinsFlushes ? batches.length : batches.reduce((sum, { flushes }) => sum + flushes, 0);
  return {
    ...{ relays: shape.relays, withHub, hubs },
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    callsPerSecond: roomCalls / seconds,
    allCallsPerSecond: (roomCalls + (hubs === 0 ? 0 : last.batches.length * withHub)) / seconds,
    framesPerSecond: framesOf(last) / seconds,
    roomBusy: busy(room, 1),
    hubBusy: busy(hub, hubs),
    relayBusy: busy(last, shape.relays),
    behind: behindOf(sentMs, room, hub, last),
  };
}

function shapeOf({ readers, atRoom: most, atRelay, direct: mostDirect, relaysOfHub: mostOfHub }: Crowd) {
  const ownSockets = Math.min(readers, most);
  const relays = Math.ceil((readers - ownSockets) / atRelay);
  const direct = Math.min(relays, mostDirect);
  return {
    ...{ ownSockets, relays, direct },
    hubs: Math.ceil((relays - direct) / mostOfHub),
    // Of the one with the most.
    relaysOfHub: Math.min(relays - direct, mostOfHub),
    relaySockets: relays === 0 ? 0 : Math.ceil((readers - ownSockets) / relays),
  };
}

/** Messages come at random. */
function sendingTimes(perSecond: number): readonly number[] {
  const count = Math.max(MIN_MESSAGES, MIN_SECONDS * perSecond);
  let [state, atMs] = [1, 0];
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    atMs -= Math.log(1 - state / 2 ** 32) * (1_000 / perSecond);
    return atMs;
  });
}

/** A frame of each flush to each socket, `sinceMs` after the last frame. */
function deliveryUs(
  sockets: number,
  { frames, messages, sinceMs }: { frames: number; messages: number; sinceMs: number },
  { frameUs, seldomFrameUs, copyUs }: CrowdTimes,
): number {
  const first = sinceMs > SELDOM_MS ? seldomFrameUs : frameUs;
  return sockets * (first + (frames - 1) * frameUs + Math.max(0, messages - frames) * copyUs);
}

/** The room's flushes. What it sends, to its own sockets first, leaves when the rows are durable. */
function atRoom(sentMs: readonly number[], sockets: number, called: number, times: CrowdTimes): Stage {
  const { flushUs, messageUs, callUs, durableMs, edgeMs } = times;
  const gatherMs = Math.min(MAX_GATHER_MS, (sockets * GATHER_US_A_SOCKET) / 1_000);
  const batches: Batch[] = [];
  let [freeMs, endedMs, workMs] = [0, Number.NEGATIVE_INFINITY, 0];
  for (let next = 0; next < sentMs.length; ) {
    const startMs = Math.max((sentMs[next] ?? 0) + edgeMs, freeMs);
    const first = next;
    while (next < sentMs.length && (sentMs[next] ?? 0) + edgeMs <= startMs) next += 1;
    const messages = next - first;
    const delivery = deliveryUs(sockets, { frames: 1, messages, sinceMs: startMs - endedMs }, times);
    const ownMs = (flushUs + (messages - 1) * messageUs + delivery + called * callUs) / 1_000;
    endedMs = startMs + ownMs;
    batches.push({
      atMs: startMs + Math.max(ownMs, durableMs),
      sentMs: sentMs.slice(first, next),
      flushes: 1,
    });
    freeMs = startMs + Math.max(ownMs, durableMs, gatherMs);
    workMs += ownMs;
  }
  return { batches, workMs };
}

interface Calls {
  readonly called: number;
  readonly callsAtOnce: number;
  readonly workUs: (batch: Batch, sinceMs: number) => number;
  /** So much later one that is called answers than its work is done. */
  readonly heldMs?: (batch: Batch) => number;
}

/**
 * The last of those that an object calls. One call to each is under way at a time: what comes meanwhile goes with the
 * next one.
 */
function atCalled(
  from: Stage,
  { callUs, hopMs }: CrowdTimes,
  { called, callsAtOnce, workUs, heldMs = () => 0 }: Calls,
): Stage {
  const rounds = Math.max(1, Math.ceil(called / callsAtOnce));
  const batches: Batch[] = [];
  let [freeMs, endedMs, workMs] = [0, Number.NEGATIVE_INFINITY, 0];
  for (let next = 0; next < from.batches.length; ) {
    const startMs = Math.max(from.batches[next]?.atMs ?? 0, freeMs);
    const first = next;
    while (next < from.batches.length && (from.batches[next]?.atMs ?? 0) <= startMs) next += 1;
    const taken = from.batches.slice(first, next);
    const batch = {
      atMs: startMs,
      sentMs: taken.flatMap(({ sentMs }) => sentMs),
      flushes: taken.reduce((sum, { flushes }) => sum + flushes, 0),
    };
    const ownMs = (callUs + workUs(batch, startMs - endedMs)) / 1_000;
    const roundMs = 2 * hopMs + ownMs + heldMs(batch);
    batches.push({ ...batch, atMs: startMs + (rounds - 1) * roundMs + hopMs + ownMs });
    freeMs = startMs + rounds * roundMs;
    endedMs = startMs + ownMs;
    workMs += ownMs;
  }
  return { batches, workMs };
}

function behindOf(sentMs: readonly number[], room: Stage, hub: Stage, relays: Stage): CrowdFigures["behind"] {
  const endMs = (stage: Stage) => stage.batches.at(-1)?.atMs ?? 0;
  if (endMs(room) - (sentMs.at(-1) ?? 0) > BEHIND_MS) return "room";
  if (endMs(hub) - endMs(room) > BEHIND_MS) return "hub";
  return endMs(relays) - endMs(hub) > BEHIND_MS ? "relay" : "nothing";
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
