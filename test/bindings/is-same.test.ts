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

it("[C273] a change at the end of a long list is found there", () => {
  const list = Array.from({ length: 10_000 }, (_, seq) => ({ seq }));
  let reads = 0;
  const counted = new Proxy(list, {
    get(target, name) {
      reads += 1;
      return Reflect.get(target, name);
    },
  });
  expect(isSame(counted, list.with(-1, { seq: 0 }))).toBe(false);
  expect(reads).toBeLessThan(20);
});
