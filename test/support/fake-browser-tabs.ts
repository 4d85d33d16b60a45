// The tabs of one browser, without a browser: locks, channels between tabs, who is looked at, pages that stand still. A
// message takes a turn, in its order on its channel, and is a copy.

import type { LockEvents, TabChannel, TabPorts } from "../../client/tabs/tab-ports.ts";
import type { Cancel, Clock } from "../../client/util/ports.ts";

interface Request {
  readonly tab: FakeTab;
  readonly events: LockEvents;
}

interface End {
  readonly tab: FakeTab;
  readonly onMessage: (data: unknown) => void;
}

export class FakeBrowserTabs {
  readonly #clock: Clock;
  /** The first one has the lock. */
  readonly #locks = new Map<string, Request[]>();
  readonly #ends = new Map<string, Set<End>>();
  /** What the browser has not, or, for `permission`, refuses when it is asked for. */
  lacks: "locks" | "channels" | "permission" | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(isVisible = true): FakeTab {
    return new FakeTab(this, isVisible);
  }

  /** How many locks and ends of channels there are: to see that nothing is left. */
  get holds(): number {
    const requests = [...this.#locks.values()].flat().length;
    return [...this.#ends.values()].reduce((sum, { size }) => sum + size, requests);
  }

  lock(tab: FakeTab, name: string, how: "wait" | "steal", events: LockEvents): Cancel {
    if (this.lacks === "locks") throw new TypeError("navigator.locks is undefined");
    if (this.lacks === "permission") {
      queueMicrotask(() => events.onRefused());
      return () => {};
    }
    // In this process, what is left of a tab that was killed goes on.
    if (tab.isGone) return () => {};
    const queue = this.#locks.get(name) ?? [];
    this.#locks.set(name, queue);
    const request = { tab, events };
    if (how === "steal") {
      const robbed = queue.shift();
      queue.unshift(request);
      if (robbed !== undefined) robbed.tab.run(() => robbed.events.onLost());
      this.#grant(queue);
    } else if (queue.push(request) === 1) this.#grant(queue);
    return () => this.#free(name, request);
  }

  channel(tab: FakeTab, name: string, onMessage: (data: unknown) => void): TabChannel {
    if (this.lacks === "channels") throw new TypeError("BroadcastChannel is not defined");
    const ends = this.#ends.get(name) ?? new Set();
    this.#ends.set(name, ends);
    const own = { tab, onMessage };
    if (!tab.isGone) ends.add(own);
    return {
      post: (data) => {
        if (tab.isGone) return;
        const text = structuredClone(data);
        for (const end of ends)
          if (end !== own)
            this.#clock.after(0, () => {
              if (ends.has(end)) end.tab.receive(() => end.onMessage(structuredClone(text)));
            });
      },
      close: () => ends.delete(own),
    };
  }

  /** It is closed or killed: without a word, and the browser frees what it had. */
  forget(tab: FakeTab): void {
    for (const ends of this.#ends.values()) for (const end of ends) if (end.tab === tab) ends.delete(end);
    for (const [name, queue] of this.#locks)
      for (const request of [...queue]) if (request.tab === tab) this.#free(name, request);
  }

  #free(name: string, request: Request): void {
    const queue = this.#locks.get(name) ?? [];
    const at = queue.indexOf(request);
    if (at < 0) return;
    queue.splice(at, 1);
    if (at === 0) this.#grant(queue);
  }

  #grant(queue: readonly Request[]): void {
    const [first] = queue;
    if (first === undefined) return;
    this.#clock.after(0, () => {
      if (queue[0] === first) first.tab.run(() => first.events.onHeld());
    });
  }
}

export class FakeTab {
  readonly #browser: FakeBrowserTabs;
  readonly #uses = new Set<() => void>();
  readonly #sleepers = new Set<() => void>();
  readonly #wakers = new Set<() => void>();
  readonly #mourners = new Set<() => void>();
  /** What happens to it while it stands still. */
  readonly #held: (() => void)[] = [];
  #isVisible: boolean;
  #stands = false;
  /** Of a page that nobody looks at. */
  #timers: (() => void)[] | undefined;
  isGone = false;

  constructor(browser: FakeBrowserTabs, isVisible: boolean) {
    this.#browser = browser;
    this.#isVisible = isVisible;
  }

  readonly ports: TabPorts = {
    lock: (name, how, events) => this.#browser.lock(this, name, how, events),
    channel: (name, onMessage) => this.#browser.channel(this, name, onMessage),
    digest: async (text) => `#${text}`,
    isVisible: () => this.#isVisible,
    onUse: (fn) => added(this.#uses, fn),
    onSleep: (fn) => added(this.#sleepers, fn),
    onAwake: (fn) => added(this.#wakers, fn),
  };

  get standsStill(): boolean {
    return this.#stands;
  }

  look(isVisible: boolean): void {
    this.#isVisible = isVisible;
    for (const fn of [...this.#uses]) this.run(fn);
  }

  /** The page is frozen; `warned`: it is told so before. Its timers are those of `clockOf`. */
  freeze(warned: boolean): void {
    if (warned) for (const fn of [...this.#sleepers]) fn();
    this.#stands = true;
  }

  resume(): void {
    this.#stands = false;
    for (const fn of [...this.#wakers]) fn();
    for (const fn of this.#held.splice(0)) fn();
  }

  close(): void {
    for (const fn of this.#mourners) fn();
    this.#mourners.clear();
    this.isGone = true;
    this.#browser.forget(this);
  }

  /** Calls `fn` when it is closed or killed. */
  onGone(fn: () => void): Cancel {
    return added(this.#mourners, fn);
  }

  /** Its timers come late; everything else goes on. */
  holdTimers(): void {
    this.#timers ??= [];
  }

  callTimers(): void {
    const timers = this.#timers ?? [];
    this.#timers = undefined;
    for (const fn of timers) this.run(fn);
  }

  /** When it can. */
  run(fn: () => void): void {
    if (this.isGone) return;
    if (this.#stands) this.#held.push(fn);
    else fn();
  }

  /** A page that stands still handles messages all the same, but its timers and sockets stand still. */
  receive(fn: () => void): void {
    if (!this.isGone) fn();
  }

  /** The clock as this tab has it. */
  clockOf(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      after: (delayMs, fn) => {
        let isCancelled = false;
        const call = () => isCancelled || fn();
        const cancel = clock.after(delayMs, () => {
          if (this.#timers === undefined) this.run(call);
          else this.#timers.push(call);
        });
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }
}

function added(listeners: Set<() => void>, fn: () => void): Cancel {
  listeners.add(fn);
  return () => listeners.delete(fn);
}
