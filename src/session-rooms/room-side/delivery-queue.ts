// Carries what sessions hear to the objects of their users: one delivery to a user is under way at a time, and what is
// said meanwhile joins the next.

import type { ItemAnswer, SessionItem } from "../session-delivery.ts";

export interface DeliveryQueuePorts {
  /** Answers of each item, in the same order. */
  deliver(user: string, items: readonly SessionItem[]): Promise<readonly ItemAnswer[]>;
  delivered(items: readonly SessionItem[], answers: readonly ItemAnswer[]): void;
  /** After all tries. */
  givenUp(items: readonly SessionItem[], error: unknown): void;
  now(): number;
  random(): number;
  wait(ms: number): Promise<unknown>;
}

const TRIES = 4;
const RETRY_MS = 500;
/** Typing and cursors alone are told to a session five times a second: each delivery is a request. */
const SIGNALS_EVERY_MS = 200;
const SIGNAL = '{"type":"signal",';
const BATCH_OF_SIGNALS = '{"type":"batch","events":[{"type":"signal",';

interface Line {
  items: SessionItem[];
  busy: boolean;
  deliveredAt: number;
  /** Ends the wait of signals that have no company yet. */
  hurry: () => void;
  /** Who wait until what is in `items` has arrived. */
  waiters: (() => void)[];
}

export class DeliveryQueue {
  readonly #ports: DeliveryQueuePorts;
  readonly #lines = new Map<string, Line>();

  constructor(ports: DeliveryQueuePorts) {
    this.#ports = ports;
  }

  add(user: string, item: SessionItem): void {
    let line = this.#lines.get(user);
    if (line === undefined) {
      line = { items: [], busy: false, deliveredAt: Number.NEGATIVE_INFINITY, hurry: () => {}, waiters: [] };
      this.#lines.set(user, line);
    }
    line.items.push(item);
    if (!isOnlySignals(item)) line.hurry();
    if (!line.busy) void this.#run(user, line);
  }

  /** Settles when all that was added for `user` up to now was delivered, or given up. */
  carried(user: string): Promise<void> {
    const line = this.#lines.get(user);
    if (line === undefined || !line.busy) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    line.waiters.push(resolve);
    line.hurry();
    return promise;
  }

  /** Before whatever waits: for an item whose delivery was just answered. */
  again(user: string, item: SessionItem): void {
    this.#lines.get(user)?.items.unshift(item);
  }

  async #run(user: string, line: Line): Promise<void> {
    const { now, wait } = this.#ports;
    line.busy = true;
    // What is said in the same flush goes along.
    await Promise.resolve();
    while (line.items.length > 0) {
      const restMs = line.deliveredAt + SIGNALS_EVERY_MS - now();
      if (restMs > 0 && line.items.every(isOnlySignals)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        line.hurry = resolve;
        if (line.waiters.length === 0) await Promise.race([promise, wait(restMs)]);
      }
      const { items, waiters } = line;
      line.items = [];
      line.waiters = [];
      await this.#carry(user, items);
      for (const arrived of waiters) arrived();
      line.deliveredAt = now();
    }
    line.busy = false;
    for (const arrived of line.waiters) arrived();
    line.waiters = [];
    this.#tidy();
  }

  async #carry(user: string, items: readonly SessionItem[]): Promise<void> {
    const { deliver, delivered, givenUp, random, wait } = this.#ports;
    for (let attempt = 1; ; attempt++) {
      try {
        delivered(items, await deliver(user, items));
        return;
      } catch (error) {
        if (attempt === TRIES) {
          givenUp(items, error);
          return;
        }
        await wait(random() * RETRY_MS * 2 ** attempt);
      }
    }
  }

  /** Only the time of the last delivery is lost with a line. */
  #tidy(): void {
    if (this.#lines.size < 2_000) return;
    for (const [user, { busy }] of this.#lines) if (!busy) this.#lines.delete(user);
  }
}

const isOnlySignals = ({ frames, left }: SessionItem): boolean =>
  left === undefined && frames.length > 0 && frames.every(isSignals);

/** Several of one flush come as a batch, perhaps with something else behind them. */
function isSignals(frame: string): boolean {
  if (frame.startsWith(SIGNAL)) return true;
  if (!frame.startsWith(BATCH_OF_SIGNALS)) return false;
  const { events }: { events: readonly { type: string }[] } = JSON.parse(frame);
  return events.every(({ type }) => type === "signal");
}
