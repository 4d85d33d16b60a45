/** How many calls of objects one request has under way. */
const AT_ONCE = 50;

/** Like `Promise.all` over `run`, with at most `atOnce` under way. Results are in the order of `items`. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
  atOnce = AT_ONCE,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const pending = items.entries();
  const worker = async () => {
    for (const [at, item] of pending) results[at] = await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
