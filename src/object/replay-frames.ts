import { REPLAY } from "./answers.ts";
import { type FrameForm, joinFrames } from "./frames.ts";

/** Replays as frames. What many connections are sent in the same form is joined once. */
export class ReplayFrames {
  /** By the events of a page, which are the same object for all, and by form. */
  readonly #known = new WeakMap<readonly string[], Map<string, readonly string[]>>();

  of(events: readonly string[], form: FrameForm): readonly string[] {
    const key = `${form.frameBytes} ${form.envelopes ?? false}`;
    const known = this.#known.get(events) ?? new Map<string, readonly string[]>();
    this.#known.set(events, known);
    const frames = known.get(key) ?? joinFrames(events, form, REPLAY);
    known.set(key, frames);
    return frames;
  }
}
