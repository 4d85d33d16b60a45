// What relays need of the rules of their room.

import type { Actor } from "../../access/identity.ts";
import type { Departure } from "../../object/close-codes.ts";
import type { Closing, Refusal } from "../../protocol/index.ts";
import type { RoomConnection } from "../people/room-connection.ts";
import type { RoomPresence } from "../people/room-presence.ts";
import type { RelayedLog } from "./held-there.ts";

export interface RelaysRules {
  readonly log: RelayedLog;
  readonly roomPresence: RoomPresence;
  readonly streams: { readonly size: number };
  /** Whether what woke the room has yet to take effect. */
  readonly awaitsWaker: boolean;
  readonly connections: {
    /** How many sockets the room itself has. */
    readonly own: number;
    admit(connection: RoomConnection): void;
    /** Takes in one that is at a relay already. */
    hold(connection: RoomConnection): void;
    /** Forgets one that goes on at its relay. */
    letGo(connection: RoomConnection): void;
    leave(connection: RoomConnection, departure: Departure, now: number): void;
    drop(connection: RoomConnection, closing: Closing, now: number): void;
  };
  reportFault(error: unknown): void;
  readonly moderation: { refusalFor(actor: Actor, now: number): Refusal | undefined };
}
