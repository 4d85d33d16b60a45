import { PERMISSIONS, type Permission, type Refusal, refuse } from "../protocol/index.ts";

/** The `rooms` claim: from exact names, or prefixes ending in `*`, to permissions. */
export type RoomsClaim = Readonly<Record<string, unknown>>;

export const isPermission = (value: unknown): value is Permission =>
  PERMISSIONS.some((known) => known === value);

export const includes = (has: Permission, needed: Permission): boolean =>
  PERMISSIONS.indexOf(has) >= PERMISSIONS.indexOf(needed);

const DOING = { none: "enter", read: "read", write: "write in", moderate: "moderate" } as const;

/** For who has not what is `needed`; `why` says what they have. */
export const notPermitted = (needed: Permission, why: string): Refusal =>
  refuse("forbidden", `you may not ${DOING[needed]} this room: ${why}`);

/** `pattern`: an exact name, or a prefix ending in `*`. */
export const coversRoom = (pattern: string, room: string): boolean =>
  pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : pattern === room;

/** An exact name counts before a prefix, a longer prefix before a shorter one. `none` if no pattern covers the room. */
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

/** What the settings allow in rooms. */
export interface RoomAccess {
  readonly defaultAccess: Permission;
  /** Names and prefixes of rooms that everyone may read, also without a token. */
  readonly anonymousRooms: readonly string[];
}

/** `claim`: `undefined` if the token has none, `null` if there is no token. */
export function roomPermission(
  { defaultAccess, anonymousRooms }: RoomAccess,
  claim: RoomsClaim | null | undefined,
  room: string,
): Permission {
  const open = anonymousRooms.some((pattern) => coversRoom(pattern, room));
  const own = claim === null ? "none" : claim === undefined ? defaultAccess : claimedPermission(claim, room);
  return open && own === "none" ? "read" : own;
}
