// Validators of what has bounds. A refusal names the whole range, whichever end was missed.

import * as v from "valibot";
import { MAX_INSTANT_MS } from "../protocol/index.ts";

/** A whole number that a double holds exactly, from `min` to `max`. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const message =
    max === Number.MAX_SAFE_INTEGER
      ? `must be a whole number of at least ${min}`
      : `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** Text of `min` to `max` UTF-16 units. */
export function text(min: number, max: number) {
  const message = `must be text of ${min === 0 ? "at most" : `${min} to`} ${max} characters`;
  return v.pipe(v.string(message), v.minLength(min, message), v.maxLength(max, message));
}

/** A list of `min` to `max` items. `noun` is what a refusal calls them, in the plural. */
export function listOf<Item extends v.GenericSchema>(item: Item, min: number, max: number, noun: string) {
  const message = `must be a list of ${min === 0 ? "at most" : `${min} to`} ${max} ${noun}`;
  return v.pipe(v.array(item, message), v.minLength(min, message), v.maxLength(max, message));
}

const INSTANT = `must be milliseconds since 1970, up to ${MAX_INSTANT_MS}`;

/** Milliseconds since 1970, as far as a `Date` reaches. A fraction is cut off. */
export const instant = v.pipe(
  v.number(INSTANT),
  v.minValue(0, INSTANT),
  v.maxValue(MAX_INSTANT_MS, INSTANT),
  v.transform(Math.floor),
);
