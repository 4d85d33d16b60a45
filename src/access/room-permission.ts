import { PERMISSIONS, type Permission } from "../protocol/index.ts";

/** The `rooms` claim: exact names, or prefixes ending in `*`, to what is allowed there. */
export type RoomsClaim = Readonly<Record<string, unknown>>;

export const isPermission = (value: unknown): value is Permission =>
  PERMISSIONS.some((known) => known === value);

export const includes = (has: Permission, needed: Permission): boolean =>
  PERMISSIONS.indexOf(has) >= PERMISSIONS.indexOf(needed);

/** An exact name, or a prefix ending in `*`. */
export const coversRoom = (pattern: string, room: string): boolean =>
  pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : pattern === room;

/** An exact name beats a prefix, a longer prefix a shorter one. `none` where nothing covers the room. */
export function claimedPermission(claim: RoomsClaim, room: string): Permission {
  const pattern = Object.hasOwn(claim, room) ? room : longestPrefix(claim, room);
  const value = pattern === undefined ? undefined : claim[pattern];
  return isPermission(value) ? value : "none";
}

function longestPrefix(claim: RoomsClaim, room: string): string | undefined {
  let longest: string | undefined;
  for (const pattern of Object.keys(claim)) {
    if (!pattern.endsWith("*") || !coversRoom(pattern, room)) continue;
    if (longest === undefined || pattern.length > longest.length) longest = pattern;
  }
  return longest;
}

/** What the configuration says of rooms, whatever a token says. */
export interface RoomAccess {
  readonly defaultAccess: Permission;
  /** Names and prefixes that anybody may read. */
  readonly anonymousRooms: readonly string[];
}

/** `claim` is `undefined` where the token has none, `null` where there is no token. */
export function roomPermission(
  { defaultAccess, anonymousRooms }: RoomAccess,
  claim: RoomsClaim | null | undefined,
  room: string,
): Permission {
  const open = anonymousRooms.some((pattern) => coversRoom(pattern, room));
  const own = claim === null ? "none" : claim === undefined ? defaultAccess : claimedPermission(claim, room);
  return open && own === "none" ? "read" : own;
}
