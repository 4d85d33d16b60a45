import type { OfflineStorage } from "./offline-storage.ts";
import type { UserKeys } from "./outbox-record.ts";

const MAX_ROOMS = 100;
const MAX_AGE_MS = 30 * 86_400_000;

/**
 * Removes what was read in rooms that were not opened for long, beside the room that is kept now (`name`: the rest of its
 * key). `now` is in milliseconds since 1970. Times are listed instead of rooms, which are large.
 */
export async function dropOldRooms(
  storage: OfflineStorage,
  { rooms, times, expiries }: UserKeys,
  name: string,
  now: number,
): Promise<void> {
  const others = (await storage.list(times)).filter(({ key }) => key !== times + name);
  const at = (value: unknown): number => (typeof value === "number" ? value : 0);
  others.sort((a, b) => at(b.value) - at(a.value));
  const old = others.filter(({ value }, index) => index >= MAX_ROOMS - 1 || now - at(value) > MAX_AGE_MS);
  const placesOf = (room: string) => [times + room, rooms + room, expiries + room];
  const places = old.flatMap(({ key }) => placesOf(key.slice(times.length)));
  await storage.update(places, (values) =>
    values.map((value, index) => {
      const entry = old[Math.floor(index / 3)];
      const isSame = values[index - (index % 3)] === entry?.value;
      // Another tab may have written it meanwhile.
      return isSame ? undefined : value;
    }),
  );
}
