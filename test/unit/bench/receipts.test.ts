import { expect, it } from "vitest";
import { Receipts } from "../../bench/receipts.ts";

const countsOf = (...numbers: readonly number[]) => {
  const receipts = new Receipts(4);
  for (const n of numbers) receipts.take(n);
  const { delivered, duplicates, outOfOrder } = receipts;
  return { delivered, duplicates, outOfOrder };
};

it("[L261] the count of the bench sees what is missing, comes twice or comes too late", () => {
  expect(countsOf(0, 1, 2, 3)).toEqual({ delivered: 4, duplicates: 0, outOfOrder: 0 });
  expect(countsOf(0, 3)).toEqual({ delivered: 2, duplicates: 0, outOfOrder: 0 });
  expect(countsOf(0, 1, 1, 2, 0)).toEqual({ delivered: 3, duplicates: 2, outOfOrder: 0 });
  expect(countsOf(2, 0, 1, 3)).toEqual({ delivered: 4, duplicates: 0, outOfOrder: 2 });
  expect(() => countsOf(4)).toThrow("nobody sent 4");
});
