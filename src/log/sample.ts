const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Whether what concerns `key` is logged at this rate, from 0 to 1. The same key is always answered the same, so all
 * lines of one connection come together, or none.
 */
export function isSampled(key: string, rate: number): boolean {
  if (rate >= 1 || rate <= 0) return rate >= 1;
  let hash = FNV_OFFSET;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), FNV_PRIME);
  // The last character would move the upper bits by little.
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 2 ** 32 < rate;
}
