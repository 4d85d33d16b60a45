import { type Signal, TYPING_EVENT, TYPING_MS, type TypingData } from "../../src/protocol/index.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import { isRecord } from "../wire/shape.ts";

const REPEAT_EVERY_MS = 1_000;

/** Who types now, and telling that this user does. */
export class Typing {
  readonly #clock: Clock;
  readonly #tell: (data: TypingData) => void;
  readonly #onChange: () => void;
  readonly #forget = new Map<string, Cancel>();
  #users: readonly string[] = Object.freeze([]);
  /** `undefined`: the others do not think that this user types. */
  #toldAt: number | undefined;

  constructor(clock: Clock, tell: (data: TypingData) => void, onChange: () => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#onChange = onChange;
  }

  /** Ids, in the order in which they began. */
  get users(): readonly string[] {
    return this.#users;
  }

  start(): void {
    const now = this.#clock.now();
    if (this.#toldAt !== undefined && now - this.#toldAt < REPEAT_EVERY_MS) return;
    this.#toldAt = now;
    this.#tell({ isTyping: true });
  }

  stop(): void {
    const toldAt = this.#toldAt;
    this.#toldAt = undefined;
    // Later, all have forgotten it by themselves.
    if (toldAt !== undefined && this.#clock.now() - toldAt < TYPING_MS) this.#tell({ isTyping: false });
  }

  onSignal({ event, from, data }: Signal, self: string | undefined): void {
    if (event !== TYPING_EVENT || from === null || from.id === self || !isRecord(data)) return;
    if (data.isTyping === true) this.#remember(from.id);
    else this.remove(from.id);
  }

  remove(user: string): void {
    this.#forget.get(user)?.();
    if (this.#forget.delete(user)) this.#publish();
  }

  clear(): void {
    for (const cancel of this.#forget.values()) cancel();
    this.#forget.clear();
    if (this.#users.length > 0) this.#publish();
  }

  #remember(user: string): void {
    const known = this.#forget.get(user);
    known?.();
    const cancel = this.#clock.after(TYPING_MS, () => {
      this.remove(user);
      this.#onChange();
    });
    this.#forget.set(user, cancel);
    if (known === undefined) this.#publish();
  }

  #publish(): void {
    this.#users = Object.freeze([...this.#forget.keys()]);
  }
}
