import { isRecord, type Signal, TYPING_EVENT, TYPING_MS, type TypingData } from "../../src/protocol/index.ts";
import type { Cancel, Clock } from "../util/ports.ts";

/** Between two signals of this user, however often `start` is called. */
const REPEAT_EVERY_MS = 1_000;

/** Who types now; and whether the others think that this user does. */
export class Typing {
  readonly #clock: Clock;
  readonly #send: (data: TypingData) => void;
  readonly #onChange: () => void;
  readonly #timers = new Map<string, Cancel>();
  #users: readonly string[] = Object.freeze([]);
  /** When the others last learned that this user types; `undefined` where they do not think so. */
  #sentAt: number | undefined;

  constructor(clock: Clock, send: (data: TypingData) => void, onChange: () => void) {
    this.#clock = clock;
    this.#send = send;
    this.#onChange = onChange;
  }

  /** The ids of those who type, in the order in which they began. */
  get users(): readonly string[] {
    return this.#users;
  }

  start(): void {
    const now = this.#clock.elapsed();
    if (this.#sentAt !== undefined && now - this.#sentAt < REPEAT_EVERY_MS) return;
    this.#sentAt = now;
    this.#send({ isTyping: true });
  }

  stop(): void {
    const sentAt = this.#sentAt;
    this.#sentAt = undefined;
    // After that, the others have removed this user by themselves.
    if (sentAt !== undefined && this.#clock.elapsed() - sentAt < TYPING_MS) this.#send({ isTyping: false });
  }

  onSignal({ event, from, data }: Signal, self: string | undefined): void {
    if (event !== TYPING_EVENT || from === null || from.id === self || !isRecord(data)) return;
    if (data.isTyping === true) this.#remember(from.id);
    else this.remove(from.id);
  }

  remove(user: string): void {
    this.#timers.get(user)?.();
    if (this.#timers.delete(user)) this.#changed();
  }

  /** Forgets who types, also this user. */
  clear(): void {
    this.#sentAt = undefined;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    if (this.#users.length > 0) this.#changed();
  }

  #remember(user: string): void {
    const known = this.#timers.get(user);
    known?.();
    const cancel = this.#clock.after(TYPING_MS, () => {
      this.remove(user);
      this.#onChange();
    });
    this.#timers.set(user, cancel);
    if (known === undefined) this.#changed();
  }

  #changed(): void {
    this.#users = Object.freeze([...this.#timers.keys()]);
  }
}
