import { expect, it } from "vitest";
import { isSame } from "../../client/bindings/source.ts";

const [one, other] = [{ deep: {} }, { deep: {} }];

it.each([
  [1, 1, true],
  [Number.NaN, Number.NaN, true],
  [[one], [one], true],
  [[one], [other], false],
  [[], {}, false],
  [[one], [one, one], false],
  [{ a: [one], b: 1 }, { b: 1, a: [one] }, true],
  [{ a: 1 }, { b: 1 }, false],
  [{ a: undefined }, { b: undefined }, false],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: { b: { c: 1 } } }, { a: { b: { c: 1 } } }, false],
  [null, {}, false],
  [new Date(1), new Date(1), false],
])("[V7] results of a selector: %j and %j show the same: %s", (a, b, expected) => {
  expect([isSame(a, b), isSame(b, a)]).toEqual([expected, expected]);
});
