// The steps that a room has for a relay, as they gather during a flush.

import type { RelayStep } from "./relay-calls.ts";

/** A shorter text is cheaper to repeat than to look up. */
const SHARED_LENGTH = 256;

export class RelaySteps {
  #steps: RelayStep[] = [];

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  add(step: RelayStep): void {
    this.#steps.push(step);
  }

  /** A frame to one connection. */
  send(id: string, frame: string): void {
    const last = this.#steps.at(-1);
    if (last?.do === "send" && last.id === id) last.frames.push(frame);
    else this.#steps.push({ do: "send", id, frames: [frame] });
  }

  /** All of them, once. What stands in them more than once is in `texts`. */
  take(): { readonly steps: readonly RelayStep[]; readonly texts: readonly string[] } {
    const steps = this.#steps;
    this.#steps = [];
    return { steps, texts: shareTexts(steps) };
  }
}

/** Puts the place of a text where it stands more than once. Many joiners are sent the same pages. */
function shareTexts(steps: readonly RelayStep[]): string[] {
  const places = new Map<string, number | null>();
  const texts: string[] = [];
  for (const frame of longFrames(steps)) {
    const place = places.get(frame);
    if (place === undefined) places.set(frame, null);
    else if (place === null) places.set(frame, texts.push(frame) - 1);
  }
  if (texts.length === 0) return texts;
  for (const step of steps) {
    if (step.do !== "send") continue;
    for (const [at, frame] of step.frames.entries()) {
      const place = typeof frame === "string" ? places.get(frame) : undefined;
      if (typeof place === "number") step.frames[at] = place;
    }
  }
  return texts;
}

function* longFrames(steps: readonly RelayStep[]): Generator<string> {
  for (const step of steps) {
    if (step.do !== "send") continue;
    for (const frame of step.frames)
      if (typeof frame === "string" && frame.length >= SHARED_LENGTH) yield frame;
  }
}

/** The frames of a step. */
export const framesOf = (frames: readonly (string | number)[], texts: readonly string[]): string[] =>
  frames.map((frame) => (typeof frame === "string" ? frame : (texts[frame] ?? "")));
