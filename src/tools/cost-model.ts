// What a workload uses in a month of 30 days, and what that costs. Pure: counters and prices in, figures out.
// A guess is on the high side; the guesses are the constants below, and the options whose help says so.

import { LISTED_MEMBERS, MAX_UNREAD } from "../protocol/index.ts";
import { INBOX_COUNTERS, REGISTRY_COUNTERS, ROOM_COUNTERS } from "./measured-counters.ts";
import { INCOMING_FRAMES_A_REQUEST, type Meter, OBJECT_GB, PLAN_USD_A_MONTH, PRICES } from "./prices.ts";
import { readUsage } from "./read-cost.ts";
import { relaysOfRoom } from "./relay-cost.ts";
import { watchUsage } from "./watch-cost.ts";
import { webhooksOfInbox, webhooksOfRoom } from "./webhook-cost.ts";
import type { Workload } from "./workload.ts";

export interface Usage {
  readonly amounts: Readonly<Record<Meter, number>>;
  readonly incomingFrames: number;
  /** Seconds for which objects are billed, in sum: for events, and for the grace of members who left. */
  readonly activeSeconds: number;
  readonly graceSeconds: number;
  /** Rows that are written only when rooms and inboxes are opened for the first time. */
  readonly rowsWrittenOnce: number;
  /** What other services bill as messages: each that comes in, and each copy that goes out. */
  readonly deliveries: number;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  /** At list price from the first unit on. */
  readonly usageUsd: number;
  /** The price of the plan, and of usage beyond its allowances. */
  readonly billUsd: number;
  readonly deliveriesUsd: number;
}

export interface BillLine {
  readonly meter: Meter;
  readonly amount: number;
  readonly included: number;
  readonly usageUsd: number;
  readonly beyondUsd: number;
}

export const DAYS_A_MONTH = 30;
/** `INBOX_LIMIT`, and the inbox that the counters were measured with. */
const INBOX_LIMIT = 1_000;
const SWEEPS_AN_HOUR = ROOM_COUNTERS.idleHour.requests;
/** Of a user who is away: src/registry/counts.ts. */
const NOTIFICATIONS_A_REPORT = 8;
/** So many who come and go write no row, in all 16 shards: src/registry/registry-shard.ts. */
const UNWRITTEN_USERS = 16 * 350;
/** An object sleeps this long after its last event. */
const SLEEPS_AFTER_S = 10;
/** A member whose last connection is lost, as when a tab is closed, stays this long, and a timer runs meanwhile. */
export const GRACE_S = 5;
/** Assumption: to verify a token and pass the request on. */
const WORKER_CPU_MS_A_REQUEST = 2;
/** To send a frame to one socket. */
const DELIVERY_MS_A_SOCKET = 0.01;
const NOTIFICATION_BYTES = 200;
const DAY_S = 86_400;
const GB = 1e9;

export function usageOf(workload: Workload): Usage {
  const rooms = roomUsage(workload);
  const inboxes = inboxUsage(workload);
  const { rooms: roomCount } = workload;
  const users = roomCount * workload.members;
  const all = (pick: (one: ObjectUsage) => number) =>
    DAYS_A_MONTH * (roomCount * pick(rooms) + users * pick(inboxes));
  const watching = watchUsage(workload);
  const watched = (amount: number) => DAYS_A_MONTH * roomCount * amount;
  const frames = all((one) => one.frames);
  const activeSeconds = all((one) => one.activeSeconds) + watched(watching.activeSeconds);
  const graceSeconds = all((one) => one.graceSeconds);
  const workerRequests = all((one) => one.workerRequests) + watched(watching.workerRequests);
  return {
    amounts: {
      workerRequests,
      workerCpuMs: (workerRequests - watched(watching.cached)) * WORKER_CPU_MS_A_REQUEST,
      objectRequests:
        all((one) => one.requests) + watched(watching.objectRequests) + frames / INCOMING_FRAMES_A_REQUEST,
      objectGbSeconds: (activeSeconds + graceSeconds) * OBJECT_GB,
      rowsRead: all((one) => one.rowsRead) + watched(watching.rowsRead),
      rowsWritten: all((one) => one.rowsWritten),
      storedGb: (roomCount * rooms.storedBytes + users * inboxes.storedBytes) / GB,
    },
    incomingFrames: frames,
    activeSeconds,
    graceSeconds,
    rowsWrittenOnce: roomCount * rooms.rowsWrittenOnce + users * inboxes.rowsWrittenOnce,
    deliveries: all((one) => one.deliveries),
  };
}

export function billFor(usage: Usage, usdPerMillionDeliveries: number): Bill {
  const lines = METERS.map((meter): BillLine => {
    const { included, usdPerUnit } = PRICES[meter];
    const amount = usage.amounts[meter];
    const beyondUsd = Math.max(0, amount - included) * usdPerUnit;
    return { meter, amount, included, usageUsd: amount * usdPerUnit, beyondUsd };
  });
  return {
    lines,
    usageUsd: sum(lines.map(({ usageUsd }) => usageUsd)),
    billUsd: PLAN_USD_A_MONTH + sum(lines.map(({ beyondUsd }) => beyondUsd)),
    deliveriesUsd: (usage.deliveries / 1e6) * usdPerMillionDeliveries,
  };
}

const METERS = Object.keys(PRICES) as readonly Meter[];

/** One day of one object, and what it stores. */
interface ObjectUsage {
  readonly workerRequests: number;
  /** Without frames. */
  readonly requests: number;
  readonly frames: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly activeSeconds: number;
  readonly graceSeconds: number;
  readonly deliveries: number;
  readonly storedBytes: number;
  readonly rowsWrittenOnce: number;
}

function roomUsage(workload: Workload): ObjectUsage {
  const { members, connectionsPerMember, hoursConnectedPerDay: hours, messagesPerDay } = workload;
  const connections = members * connectionsPerMember;
  const joins = connections * workload.joinsPerMemberPerDay;
  const signals = messagesPerDay * workload.signalsPerMessage;
  const renewals = renewalsOf(connections, workload);
  // A room whose members are told looks after a single connection too.
  const sweeps = connections >= (workload.webhookMs > 0 ? 1 : 2) ? sweepsOf(hours) : 0;
  const reads = members * workload.readsPerMemberPerDay;
  const frames = messagesPerDay + signals + reads + renewals;
  const timed = timedUsage(workload);
  // Each join ends in a leave, which wakes the object as a frame does.
  const events = frames + 2 * joins + sweeps + timed.requests;
  const comings = members * workload.joinsPerMemberPerDay;
  const reports = reportsOf(sweeps, workload);
  const { report } = REGISTRY_COUNTERS;
  // In a larger room no receipts are sent.
  const receipts = members > LISTED_MEMBERS ? 0 : reads;
  const told = messagesPerDay + timed.told + signals + receipts + 2 * comings;
  const relays = relaysOfRoom(workload, DELIVERY_MS_A_SOCKET, { connections, joins, frames, told });
  const deliveryMs = told * relays.atRoom * DELIVERY_MS_A_SOCKET;
  const workMs = (events + reports) * workload.activeMs + messagesPerDay * workload.judgeMs + deliveryMs;
  const { idleHour, message, newcomer, unreadMessage, wake, firstOpening } = ROOM_COUNTERS;
  const woken = wakes(events, hours);
  const reading = readUsage(workload, woken);
  const webhooks = webhooksOfRoom(workload, woken);
  const messageBytes = workload.messageBytes + ROOM_COUNTERS.storedBytesBesideData;
  return {
    workerRequests: joins + workload.scheduledPerDay,
    requests:
      joins + sweeps + timed.requests + reports * report.requests + webhooks.requests + relays.requests,
    frames,
    rowsRead:
      webhooks.rowsRead +
      messagesPerDay * message.rowsRead +
      reading.rowsRead +
      joins * (newcomer.rowsRead + unreadAtJoin(workload) * unreadMessage.rowsRead) +
      timed.rowsRead +
      woken * wake.rowsRead +
      reports * report.rowsRead,
    rowsWritten:
      timed.rowsWritten +
      webhooks.rowsWritten +
      (reports - sweeps) * report.rowsWritten +
      messagesPerDay * message.rowsWritten +
      reading.rowsWritten +
      sweeps * (idleHour.rowsWritten / idleHour.requests),
    activeSeconds: relays.activeSeconds + Math.min(workMs / 1_000 + webhooks.activeSeconds, DAY_S),
    graceSeconds: graceOf(comings, hours),
    // Each message and signal comes in once and goes out to all connections; so do joins and leaves.
    deliveries:
      (messagesPerDay + signals) * (1 + connections) +
      (members > LISTED_MEMBERS ? 0 : 2 * comings * connections),
    storedBytes: ROOM_COUNTERS.emptyBytes + (messagesPerDay > 0 ? workload.historyLimit * messageBytes : 0),
    rowsWrittenOnce:
      firstOpening.rowsWritten +
      report.rowsWritten +
      Math.max(0, members - 1) * ROOM_COUNTERS.firstVisit.rowsWritten,
  };
}

/** Batches of messages that go for their age, a day at most: one in 2 % of a period of a day. */
const AGED_BATCHES_A_DAY = 50;

/** What a room does at a time: each is an alarm, which is a request and a row. */
function timedUsage({ messagesPerDay, expiringPercent, agedPercent, scheduledPerDay }: Workload) {
  const { expiring, scheduled, aged, change, message } = ROOM_COUNTERS;
  const expire = (messagesPerDay * expiringPercent) / 100;
  const age = (messagesPerDay * agedPercent) / 100;
  const batches = Math.min(age, AGED_BATCHES_A_DAY);
  return {
    /** A scheduled message is a call, and has one alarm when it is due. */
    requests: expire + 2 * scheduledPerDay + batches,
    /** What all connections hear of it. */
    told: expire + scheduledPerDay,
    rowsRead:
      expire * (expiring.rowsRead + change.rowsRead) +
      scheduledPerDay * message.rowsRead +
      age * aged.rowsRead,
    rowsWritten:
      expire * (expiring.rowsWritten + change.rowsWritten + 1) +
      scheduledPerDay * (scheduled.rowsWritten + message.rowsWritten + 1) +
      age * aged.rowsWritten +
      2 * batches,
  };
}

/** A user's devices connect to the inbox only if there are notifications at all. */
function inboxUsage(workload: Workload): ObjectUsage {
  const { connectionsPerMember, hoursConnectedPerDay: hours, notificationsPerDay } = workload;
  const used = notificationsPerDay > 0 ? 1 : 0;
  const connections = connectionsPerMember * used;
  const joins = connections * workload.joinsPerMemberPerDay;
  const marks = notificationsPerDay;
  const frames = marks + renewalsOf(connections, workload);
  const sweeps = connections >= 2 ? sweepsOf(hours) : 0;
  const events = notificationsPerDay + frames + 2 * joins + sweeps;
  const ofNotifications = notificationsPerDay / NOTIFICATIONS_A_REPORT;
  const reports = used * (ofNotifications + reportsOf(sweeps, workload));
  const users = workload.rooms * workload.members;
  const writtenComings = (reportsOf(0, workload) * Math.max(0, users - UNWRITTEN_USERS)) / Math.max(1, users);
  const webhooks = webhooksOfInbox(workload);
  const { report } = REGISTRY_COUNTERS;
  const {
    notify,
    markOne,
    newcomer,
    wake,
    firstOpening,
    firstVisit,
    sweep,
    emptyBytes,
    storedBytesBesideData,
  } = INBOX_COUNTERS;
  return {
    workerRequests: joins + notificationsPerDay,
    requests: joins + notificationsPerDay + sweeps + reports * report.requests + webhooks.requests,
    frames,
    rowsRead:
      webhooks.rowsRead +
      notificationsPerDay * notify.rowsRead +
      marks * markOne.rowsRead +
      joins * newcomer.rowsRead +
      wakes(events, hours) * wake.rowsRead +
      reports * report.rowsRead,
    rowsWritten:
      webhooks.rowsWritten +
      used * (ofNotifications + writtenComings) * report.rowsWritten +
      notificationsPerDay * notify.rowsWritten +
      marks * markOne.rowsWritten +
      sweeps * sweep.rowsWritten,
    activeSeconds: Math.min(((events + reports) * workload.activeMs) / 1_000 + webhooks.activeSeconds, DAY_S),
    graceSeconds: 0,
    deliveries: (notificationsPerDay + marks) * (1 + connections),
    storedBytes: emptyBytes + INBOX_LIMIT * (NOTIFICATION_BYTES + storedBytesBesideData) * used,
    // A room calls the user's object when the user opens it for the first time.
    rowsWrittenOnce: firstOpening.rowsWritten + firstVisit.rowsWritten + report.rowsWritten,
  };
}

/** Messages since a member's last visit, if they ever report what they read. Counted up to `MAX_UNREAD`. */
function unreadAtJoin(workload: Workload): number {
  const { messagesPerDay, joinsPerMemberPerDay, readsPerMemberPerDay, historyLimit } = workload;
  const perVisit = messagesPerDay / Math.max(1, joinsPerMemberPerDay);
  const unread = readsPerMemberPerDay > 0 ? perVisit : messagesPerDay * DAYS_A_MONTH;
  return Math.min(unread, historyLimit, MAX_UNREAD);
}

const renewalsOf = (connections: number, { hoursConnectedPerDay, tokenMinutes }: Workload): number =>
  (connections * hoursConnectedPerDay * 60) / tokenMinutes;

/** One more for the sweep that finds no connection left, and plans no other. */
const sweepsOf = (hours: number): number => hours * SWEEPS_AN_HOUR + (hours > 0 && hours < 24 ? 1 : 0);

/** How many of `events`, spread at random over the hours, find the object asleep. */
const wakes = (events: number, hours: number): number =>
  hours === 0 ? events : events * Math.exp((-events / (hours * 3_600)) * SLEEPS_AFTER_S);

/** Seconds in which a grace runs, if so many leave at random within the hours. Overlaps count once. */
const graceOf = (leaves: number, hours: number): number => {
  const seconds = hours * 3_600;
  return seconds === 0 ? leaves * GRACE_S : seconds * (1 - Math.exp((-leaves / seconds) * GRACE_S));
};

/**
 * Reports to the registry: when the object becomes occupied and empty, and with each sweep. That of a sweep says nothing
 * new, so it writes no row. A guess on the high side: all come and go as often as one member does, at the same time.
 */
const reportsOf = (sweeps: number, { joinsPerMemberPerDay }: Workload): number =>
  sweeps + 2 * joinsPerMemberPerDay;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
