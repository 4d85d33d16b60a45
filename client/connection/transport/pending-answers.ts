import { type Answer, COMMAND_TIMEOUT_MS } from "../../../src/protocol/index.ts";
import type { Cancel, Clock } from "../../util/ports.ts";

/** `undefined`: the connection was lost, and it cannot be known whether the command took effect. */
export type OnAnswer = (answer: Answer | undefined) => void;

interface Pending {
  readonly onAnswer: OnAnswer;
  readonly dueAt: number;
}

/**
 * The commands of one connection that wait for their answers. An answer is delivered while its frame is handled, not a
 * turn later: the `ok` of an unechoed `send` stands in the place of its event.
 */
export class PendingAnswers {
  readonly #clock: Clock;
  readonly #onTimeout: () => void;
  // All have the same timeout, so the first is the next that is due, and one timer is enough.
  readonly #pending = new Map<string, Pending>();
  #cancelTimer: Cancel | undefined;

  constructor(clock: Clock, onTimeout: () => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
  }

  expect(id: string, onAnswer: OnAnswer): void {
    this.#pending.set(id, { onAnswer, dueAt: this.#clock.now() + COMMAND_TIMEOUT_MS });
    if (this.#cancelTimer === undefined) this.#arm();
  }

  /** `false`: no command waits for it. */
  settle(answer: Answer): boolean {
    const pending = answer.id === undefined ? undefined : this.#pending.get(answer.id);
    if (answer.id === undefined || pending === undefined) return false;
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#disarm();
    pending.onAnswer(answer);
    return true;
  }

  lose(): void {
    this.#disarm();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { onAnswer } of lost) onAnswer(undefined);
  }

  #arm(): void {
    const [next] = this.#pending.values();
    if (next === undefined) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, next.dueAt - this.#clock.now()), () => {
      this.#cancelTimer = undefined;
      const [oldest] = this.#pending.values();
      if (oldest !== undefined && oldest.dueAt <= this.#clock.now()) this.#onTimeout();
      else this.#arm();
    });
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
