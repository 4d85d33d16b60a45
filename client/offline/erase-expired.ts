// What the storage has of messages that are to be gone at a known time. A room whose cache has such a message has a key of
// its own, with the time of the next one: so nobody reads a hundred rooms to find it.

import { type Infer, isRecord, MESSAGE, type Message, ROOM_CONNECTED } from "../../src/protocol/index.ts";
import { expired } from "../room/messages/expiring.ts";
import { fits } from "../util/wire.ts";
import type { OfflineStorage } from "./offline-storage.ts";
import type { UserKeys } from "./outbox-record.ts";

const CACHE = {
  cursor: "text",
  /** The last greeting, brought up to the cursor. */
  greeting: ROOM_CONNECTED,
  messages: ["list", MESSAGE],
  /** By how much the server's clock was ahead of this machine's, in milliseconds. */
  aheadMs: ["optional", "number"],
} as const;
export interface CachedRoom extends Infer<typeof CACHE> {}

/** `undefined`: of newer code. */
export const cachedIn = (value: unknown): CachedRoom | undefined =>
  isRecord(value) && fits(CACHE, value) ? value : undefined;

/** As they may stand in a storage at `now`, in the server's time. */
export const unexpired = (messages: readonly Message[], now: number): readonly Message[] =>
  messages.map((message) => ((message.expiresAt ?? now + 1) <= now ? expired(message) : message));

/** When the next of them expires; `undefined`: none does. */
export function nextExpiry(messages: readonly Message[]): number | undefined {
  const times = messages.flatMap(({ expiresAt = [] }) => expiresAt);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/**
 * Erases what has expired by `now`, in the server's time, in all rooms that were read. Where the disk is too full for
 * another version of a room, all of that room goes. Never rejects.
 */
export async function eraseExpired(
  storage: OfflineStorage,
  { rooms, times, expiries }: UserKeys,
  now: number,
): Promise<void> {
  const due = (await storage.list(expiries).catch(() => [])).filter(({ value }) => !(Number(value) > now));
  for (const { key } of due) {
    const room = key.slice(expiries.length);
    const places = [rooms + room, key];
    const erase = ([value]: readonly unknown[]): readonly unknown[] => {
      const cached = cachedIn(value);
      if (cached === undefined) return [value, undefined];
      const messages = unexpired(cached.messages, now);
      return [{ ...cached, messages }, nextExpiry(messages)];
    };
    const all = [...places, times + room];
    const remove = () => storage.update(all, () => all.map(() => undefined));
    await storage
      .update(places, erase)
      .catch(remove)
      .catch(() => {});
  }
}
