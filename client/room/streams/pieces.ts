import { RoomsError } from "../../util/errors.ts";

/** What is set beside the text: fields of `data`; `null` removes one. */
export type PatchFields = Readonly<Record<string, unknown>>;

/** One append. A repeat has the same text, so where it is cut is never changed. */
export interface Piece {
  readonly n: number;
  readonly text: string;
  readonly patch: PatchFields | undefined;
  /** How much there is up to its end, in UTF-16 units. */
  readonly end: number;
}

/** As long as a connection is away, an answer may grow by so much. */
const MAX_UNSAVED = 1_048_576;

/** What a producer has said and the room has not saved: gathered in one turn, then cut into appends. */
export class Pieces {
  readonly #pieces: Piece[] = [];
  #n: number;
  /** Said and not cut yet. */
  #gathered = "";
  /** How much was cut, and how much of that is saved. */
  #end = 0;
  #savedEnd = 0;

  /** `n`: of the last append that is in the message. */
  constructor(n: number) {
    this.#n = n;
  }

  /** The last append. */
  get n(): number {
    return this.#n;
  }

  /** How much waits to be saved, in UTF-16 units. */
  get unsaved(): number {
    return this.#end - this.#savedEnd + this.#gathered.length;
  }

  /** Throws `outbox_full` where this is more than is kept in memory. */
  admit(length: number): void {
    if (this.unsaved + length > MAX_UNSAVED)
      throw new RoomsError("outbox_full", "More of this answer waits to be stored than is kept.");
  }

  say(text: string): void {
    this.#gathered += text;
  }

  /** `length`: of the patch as JSON. */
  set(patch: PatchFields, length: number): void {
    this.#add("", patch, length);
  }

  /** Cuts what was gathered. `max`: of one piece, from 2. Half of a character waits for the other half until the end. */
  cut(max: number, isEnd: boolean): void {
    const text = this.#gathered;
    const until = isEnd ? text.length : wholeUntil(text, text.length);
    this.#gathered = text.slice(until);
    for (let at = 0; at < until; ) {
      const end = at + max < until ? wholeUntil(text, at + max) : until;
      this.#add(text.slice(at, end), undefined, end - at);
      at = end;
    }
  }

  /** The append after `n`, if it is still kept. */
  after(n: number): Piece | undefined {
    return this.#pieces[n - this.#first];
  }

  /** Whether all that comes after `n` is still kept. */
  reachesBackTo(n: number): boolean {
    return n >= this.#first && n <= this.#n;
  }

  /** How much there is up to the end of the append `n`. */
  endOf(n: number): number {
    return n > this.#first ? (this.after(n - 1)?.end ?? this.#end) : this.#savedEnd;
  }

  /** A crash of the server does not take what is up to `n`. */
  saved(n: number): void {
    if (n <= this.#first) return;
    this.#savedEnd = this.endOf(n);
    this.#pieces.splice(0, n - this.#first);
  }

  /** What comes after `n` was refused, and nothing may stand in its place. */
  dropAfter(n: number): void {
    this.#gathered = "";
    this.#end = this.endOf(n);
    this.#pieces.splice(n - this.#first);
    this.#n = n;
  }

  /** The last append that is not kept any more. */
  get #first(): number {
    return this.#n - this.#pieces.length;
  }

  #add(text: string, patch: PatchFields | undefined, length: number): void {
    this.#n += 1;
    this.#end += length;
    this.#pieces.push({ n: this.#n, text, patch, end: this.#end });
  }
}

/** The greatest end up to `end` that splits no character of two units. */
const wholeUntil = (text: string, end: number): number =>
  (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
