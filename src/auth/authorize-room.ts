import type { Actor } from "./identity.ts";
import { type RoomAccess, roomPermission } from "./room-permission.ts";
import type { VerifiedToken } from "./verify-token.ts";

/** What the bearer of `token` is in `room`; without a token, an anonymous reader or nobody. */
export function authorizeRoom(access: RoomAccess, token: VerifiedToken | null, room: string): Actor {
  return {
    identity: token?.identity ?? { kind: "anonymous" },
    permission: roomPermission(access, token === null ? null : token.rooms, room),
  };
}
