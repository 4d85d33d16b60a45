// The one place where a value from the wire gets a type. A shape lists every field of its type, so a field that is
// added to the contract must be added here; a text may still be a newer one than the union of today.

import { MAX_INSTANT_MS } from "../../src/protocol/index.ts";

export type Check = (value: unknown) => boolean;

export type Shape<T> = { readonly [Field in keyof Required<T>]: Check };

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text: Check = (value) => typeof value === "string";
export const integer: Check = (value) => Number.isSafeInteger(value);
export const number: Check = (value) => typeof value === "number";
/** Milliseconds since 1970, as far as a `Date` reaches. */
export const instant: Check = (value) => typeof value === "number" && Math.abs(value) <= MAX_INSTANT_MS;
export const truth: Check = (value) => typeof value === "boolean";
export const anything: Check = () => true;

export const literal =
  (expected: unknown): Check =>
  (value) =>
    value === expected;

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

export const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

export const dictionary =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check);

export function shape<T>(fields: Shape<T>): (value: unknown) => value is T {
  const checks: [string, Check][] = Object.entries(fields);
  return (value): value is T => isRecord(value) && checks.every(([name, check]) => check(value[name]));
}
