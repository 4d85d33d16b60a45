/** The slots of the numbers `after` < n ≤ `upTo` in a ring: one range, or two if it runs over the end of the ring. */
export function ringRanges(after: number, upTo: number, ring: number): { from: number; to: number }[] {
  if (upTo <= after) return [];
  const from = (after + 1) % ring;
  const to = upTo % ring;
  return from <= to
    ? [{ from, to }]
    : [
        { from, to: ring - 1 },
        { from: 0, to },
      ];
}
