import type { AnyChunk } from "./entry.ts";

/** Each replaces the output that a tool had. A denial leaves it. */
const OUTPUTS = ["tool-output-available", "tool-output-error"];
const PRELIMINARY = ["type", "toolCallId", "output", "preliminary"];

/**
 * Finds entries that later ones make needless: tools and data parts may say their whole state again and again, which
 * would fill a message. What the AI SDK makes of the chunks stays the same. So the first state of a data part stays,
 * which says where it stands, and a preliminary output that says anything besides itself.
 */
export class Superseded {
  /** By part: the entries of its last state. */
  readonly #last = new Map<string, readonly number[]>();

  /** The entries that `chunk`, which stands in `entries`, makes needless. */
  by(chunk: AnyChunk, entries: readonly number[]): readonly number[] {
    // What was before belongs to parts that are gone: a state that follows is a first one.
    if (chunk.type === "reset-step") this.#last.clear();
    if (chunk.type.startsWith("data-")) return this.#byData(chunk, entries);
    if (OUTPUTS.includes(chunk.type)) return this.#byOutput(chunk, entries);
    return [];
  }

  #byData({ type, id, transient }: AnyChunk, entries: readonly number[]): readonly number[] {
    if (typeof id !== "string") return [];
    const part = `${type} ${transient === true} ${id}`;
    const last = this.#last.get(part);
    this.#last.set(part, last === undefined ? [] : entries);
    return last ?? [];
  }

  #byOutput(chunk: AnyChunk, entries: readonly number[]): readonly number[] {
    const part = `output ${chunk.toolCallId}`;
    const last = this.#last.get(part) ?? [];
    const isNeedless =
      chunk.preliminary === true && Object.keys(chunk).every((key) => PRELIMINARY.includes(key));
    this.#last.set(part, isNeedless ? entries : []);
    return last;
  }
}
