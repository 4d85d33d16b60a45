// An answer whose every token is known: so of a text that somebody shows, anybody can say whether it is right.

import { seededRandom } from "../../../client/testing/seeded-random.ts";

/** Also what JSON has to escape, and what takes two UTF-16 units or several bytes. */
const WORDS = [
  ...[" the", " of", " room", " tells", " what", " each", " reader", " shows", ", and", " then."],
  ...[' "so"', " \\n", "\n\n", " größer", " 部屋は", " 👍🏽", " it's", " {a}", " [1]", " <b>"],
];

export class ToyAnswer {
  readonly tokens: readonly string[];
  readonly text: string;
  /** By the number of tokens. */
  readonly #lengths: readonly number[];

  /** `begun`: tokens that are there already. */
  constructor(seed: number, count: number, begun: readonly string[] = []) {
    const random = seededRandom(seed);
    // A number in each makes a token in the wrong place visible.
    const all = Array.from({ length: count }, (_, at) => {
      return `${WORDS[Math.floor(random() * WORDS.length)]}${at % 10}`;
    });
    this.tokens = [...begun, ...all.slice(begun.length)];
    this.text = this.tokens.join("");
    let length = 0;
    this.#lengths = [0, ...this.tokens.map((token) => (length += token.length))];
  }

  get count(): number {
    return this.tokens.length;
  }

  /** The token of append `n`, from 1. */
  token(n: number): string {
    return this.tokens[n - 1] ?? "";
  }

  /** Another answer, which has the same first `n` tokens. */
  branch(n: number, seed: number): ToyAnswer {
    return new ToyAnswer(seed, this.count, this.tokens.slice(0, n));
  }

  /** The text after append `n`. */
  upTo(n: number): string {
    return this.text.slice(0, this.#lengths[n]);
  }
}

/** Why `text` is not what these appends make, if so. */
export function differenceOf(answer: ToyAnswer, text: string, n: number): string | undefined {
  const due = answer.upTo(n);
  if (text === due) return undefined;
  let same = 0;
  while (same < text.length && text[same] === due[same]) same += 1;
  const [is, must] = [text, due].map((whole) => JSON.stringify(whole.slice(same, same + 20)));
  return `after append ${n}: ${text.length} units in place of ${due.length}; at ${same} ${is} in place of ${must}`;
}
