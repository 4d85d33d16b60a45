// Carries items to the objects of users: one delivery to a user is under way at a time, and what comes meanwhile joins
// the next one.

import { type RetryPorts, retry } from "../../object/retry.ts";
import { SerialQueues } from "../serial-queues.ts";
import type { ItemAnswer, SessionItem } from "../session-delivery.ts";

export interface DeliveryQueuePorts extends RetryPorts {
  /** Answers of each item, in the same order. */
  deliver(user: string, items: readonly SessionItem[]): Promise<readonly ItemAnswer[]>;
  /** Returns the items to deliver once more, before anything else. */
  answered(items: readonly SessionItem[], answers: readonly ItemAnswer[]): readonly SessionItem[];
  /** After all tries. */
  givenUp(items: readonly SessionItem[], error: unknown): void;
  now(): number;
}

const TRIES = 4;
/** Typing and cursors alone are delivered to a user five times a second: each delivery is a request. */
const SIGNALS_EVERY_MS = 200;
/** Above this many users the times of their last deliveries are dropped. */
const TIDY_ABOVE = 2_000;
const SIGNAL = '{"type":"signal",';
const BATCH_OF_SIGNALS = '{"type":"batch","events":[{"type":"signal",';

/** When the next delivery to a user may begin. */
interface Pace {
  deliveredAt: number;
  /** Whether something waits that is no signal, or a caller. */
  isUrgent: boolean;
  /** Ends the wait of signals that have no company yet. */
  hurry(): void;
}

export class DeliveryQueue {
  readonly #ports: DeliveryQueuePorts;
  readonly #queues: SerialQueues<SessionItem>;
  readonly #paces = new Map<string, Pace>();

  constructor(ports: DeliveryQueuePorts) {
    this.#ports = ports;
    this.#queues = new SerialQueues({
      maxTasks: Number.POSITIVE_INFINITY,
      maxLength: Number.POSITIVE_INFINITY,
      reportFault: (_, error) => ports.givenUp([], error),
    });
  }

  add(user: string, item: SessionItem): void {
    const pace = this.#paceOf(user);
    if (!isOnlySignals(item)) this.#hurry(pace);
    this.#queues.gather(user, item, 0, (take) => this.#carry(user, pace, take));
  }

  /** Settles when all that was added for `user` up to now was delivered, or given up. */
  carried(user: string): Promise<void> {
    if (this.#queues.isBusy(user)) this.#hurry(this.#paceOf(user));
    return this.#queues.settled(user);
  }

  async #carry(user: string, pace: Pace, take: () => readonly SessionItem[]): Promise<void> {
    const { now, wait } = this.#ports;
    const restMs = pace.deliveredAt + SIGNALS_EVERY_MS - now();
    if (restMs > 0 && !pace.isUrgent) {
      const { promise, resolve } = Promise.withResolvers<void>();
      pace.hurry = resolve;
      await Promise.race([promise, wait(restMs)]);
    }
    pace.isUrgent = false;
    for (let items = take(); items.length > 0; ) items = await this.#deliver(user, items);
    pace.deliveredAt = now();
  }

  async #deliver(user: string, items: readonly SessionItem[]): Promise<readonly SessionItem[]> {
    const { deliver, answered, givenUp } = this.#ports;
    try {
      return answered(items, await retry(() => deliver(user, items), TRIES, this.#ports));
    } catch (error) {
      givenUp(items, error);
      return [];
    }
  }

  #hurry(pace: Pace): void {
    pace.isUrgent = true;
    pace.hurry();
  }

  #paceOf(user: string): Pace {
    let pace = this.#paces.get(user);
    if (pace === undefined) {
      if (this.#paces.size >= TIDY_ABOVE) this.#tidy();
      pace = { deliveredAt: Number.NEGATIVE_INFINITY, isUrgent: false, hurry: () => {} };
      this.#paces.set(user, pace);
    }
    return pace;
  }

  #tidy(): void {
    for (const user of this.#paces.keys()) if (!this.#queues.isBusy(user)) this.#paces.delete(user);
  }
}

const isOnlySignals = ({ frames, left }: SessionItem): boolean =>
  left === undefined && frames.length > 0 && frames.every(isSignals);

/** Several signals of one flush come as a batch, perhaps with something else behind them. */
function isSignals(frame: string): boolean {
  if (frame.startsWith(SIGNAL)) return true;
  if (!frame.startsWith(BATCH_OF_SIGNALS)) return false;
  const { events }: { events: readonly { type: string }[] } = JSON.parse(frame);
  return events.every(({ type }) => type === "signal");
}
