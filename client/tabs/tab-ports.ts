// What tabs need of a browser to share their connections. Apps get `system-tab-ports.ts`, tests have their own.

import type { Cancel } from "../util/ports.ts";

/** What becomes of a lock that was asked for. */
export interface LockEvents {
  onHeld(): void;
  /** Another tab has taken it, perhaps before this one heard that it had it. */
  onLost(): void;
  /** There are no locks here. */
  onRefused(): void;
}

/** One of the ends of a channel between tabs. */
export interface TabChannel {
  /** To all other ends of the same name, in order. */
  post(data: object): void;
  close(): void;
}

/** Each of them may throw where the platform lacks or forbids it. */
export interface TabPorts {
  /**
   * Asks for the lock of this name, which one tab has at a time, and which is free again when its tab is gone. `steal`
   * takes it at once, whoever has it. Gives it back, or asks no more, when it is cancelled: then nothing is called.
   */
  lock(name: string, how: "wait" | "steal", events: LockEvents): Cancel;
  channel(name: string, onMessage: (data: unknown) => void): TabChannel;
  /** A name of fixed length that tells nothing of the text. */
  digest(text: string): Promise<string>;
  /** Whether somebody may be looking at this tab. */
  isVisible(): boolean;
  /** Calls `fn` when that may have changed, and when the tab gets the focus. */
  onUse(fn: () => void): Cancel;
  /** Calls `fn` before the page stands still or ends: it must hold nothing that others wait for. */
  onSleep(fn: () => void): Cancel;
  /** Calls `fn` when a page that stood still goes on. */
  onAwake(fn: () => void): Cancel;
}
