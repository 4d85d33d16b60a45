// Schemas of what has bounds. Whatever does not fit, the refusal says the whole range.

import * as v from "valibot";
import { MAX_INSTANT_MS } from "../protocol/index.ts";

/** A whole number, which a double holds exactly. */
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

/** Text of so many UTF-16 units. */
export function text(min: number, max: number) {
  const message = `must be text of ${min === 0 ? "at most" : `${min} to`} ${max} characters`;
  return v.pipe(v.string(message), v.minLength(min, message), v.maxLength(max, message));
}

/** A list of so many. `what` names them in the plural. */
export function listOf<Item extends v.GenericSchema>(item: Item, min: number, max: number, what: string) {
  const message = `must be a list of ${min === 0 ? "at most" : `${min} to`} ${max} ${what}`;
  return v.pipe(v.array(item, message), v.minLength(min, message), v.maxLength(max, message));
}

const INSTANT = `must be milliseconds since 1970, up to ${MAX_INSTANT_MS}`;

/** Milliseconds since 1970 as far as a `Date` reaches; a fraction is cut off. */
export const instant = v.pipe(
  v.number(INSTANT),
  v.minValue(0, INSTANT),
  v.maxValue(MAX_INSTANT_MS, INSTANT),
  v.transform(Math.floor),
);
