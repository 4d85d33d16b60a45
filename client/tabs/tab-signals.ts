import type { ErrorAnswer } from "../../src/protocol/index.ts";
import type { IncomingFrame } from "../util/wire.ts";

/** A refusal of one that is older says nothing of which tab has sent it. */
const MAX_SIGNALS = 200;

/** Which tab has sent a signal. It is answered only if it is refused, and that is for this tab alone: nobody waits for it. */
export class TabSignals {
  readonly #refuse: (link: string, refusal: ErrorAnswer) => void;
  /** By the `id` of a signal. */
  readonly #links = new Map<string, string>();

  constructor(refuse: (link: string, refusal: ErrorAnswer) => void) {
    this.#refuse = refuse;
  }

  add(id: string, link: string): void {
    this.#links.set(id, link);
    const [oldest] = this.#links.keys();
    if (this.#links.size > MAX_SIGNALS && oldest !== undefined) this.#links.delete(oldest);
  }

  /** Returns whether it is the refusal of a signal. */
  takes(frame: IncomingFrame): boolean {
    if (frame.type !== "error" || frame.id === undefined) return false;
    const { id, ...refusal } = frame;
    const link = this.#links.get(id);
    if (link === undefined) return false;
    this.#links.delete(id);
    this.#refuse(link, refusal);
    return true;
  }

  /** The last one, where a refusal does not say which it is of. */
  get lastLink(): string | undefined {
    return [...this.#links.values()].at(-1);
  }

  clear(): void {
    this.#links.clear();
  }
}
