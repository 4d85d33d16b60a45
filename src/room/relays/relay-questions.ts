// What a room asks one relay. Questions go with a dispatch, and are answered with it: so an answer says how it is when the
// dispatch has taken effect.

import type { DispatchAnswer, RelayQuestion, RelayReply } from "./relay-calls.ts";

interface Asked {
  readonly question: RelayQuestion;
  /** Left out: the relay could not be reached. */
  readonly heard: (reply?: RelayReply) => void;
}

/** So many go with one dispatch: the answer to one may be as large as the attachment of a socket. */
const MAX_ASKED = 200;

export class RelayQuestions {
  /** Of the next dispatch. */
  #next: Asked[] = [];
  /** By the number of the dispatch that asks. */
  readonly #underWay = new Map<number, readonly Asked[]>();

  get areDue(): boolean {
    return this.#next.length > 0;
  }

  /** `heard` is called once, whatever becomes of the dispatch. */
  ask(question: RelayQuestion, heard: Asked["heard"]): void {
    this.#next.push({ question, heard });
  }

  /** The dispatch with this number asks them. What is too much for it goes with the next one. */
  take(number: number): readonly RelayQuestion[] {
    const asked = this.#next.splice(0, MAX_ASKED);
    if (asked.length === 0) return NOTHING;
    this.#underWay.set(number, asked);
    return asked.map(({ question }) => question);
  }

  /** Dispatches were answered, or are lost (`undefined`). */
  settled(numbers: readonly number[], replies: DispatchAnswer["replies"] | undefined): void {
    for (const number of numbers) {
      const asked = this.#underWay.get(number) ?? [];
      this.#underWay.delete(number);
      const answers = replies?.find(({ dispatch }) => dispatch === number)?.replies;
      for (const [at, { heard }] of asked.entries()) heard(answers?.[at]);
    }
  }
}

const NOTHING: readonly RelayQuestion[] = [];
