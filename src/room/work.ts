// What arrives at a room and waits for the next flush.

import type { Actor } from "../access/identity.ts";
import type { Departure } from "../object/close-codes.ts";
import type { Outcome, Refusal } from "../protocol/index.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { AppliedCommand, Late } from "./room-commands.ts";
import type { Asked } from "./ruling.ts";
import type { Turn } from "./turn.ts";

/** What waits for the next flush. */
export type Work =
  | {
      readonly kind: "command";
      readonly connection: RoomConnection;
      readonly command: AppliedCommand;
      /** It was looked at, and paid for, when it arrived. */
      readonly asked?: Asked;
    }
  /** A frame, or a part of it, that is no command. */
  | {
      readonly kind: "refused";
      readonly connection: RoomConnection;
      readonly id?: string;
      readonly refusal: Refusal;
      /** Its type, if that is known. */
      readonly command?: string;
    }
  /** `auth`, paid for, and its token checked. */
  | {
      readonly kind: "auth";
      readonly connection: RoomConnection;
      readonly id: string;
      readonly outcome: Outcome<Actor>;
    }
  | { readonly kind: "leave"; readonly connection: RoomConnection; readonly departure: Departure }
  | Call;

/** A call over RPC: it gets its place in the one order too. Exactly one of `run` and `refused` is called. */
export interface Call {
  readonly kind: "call";
  readonly actor: Actor;
  /** In tokens of the user's bucket; server code pays nothing. */
  readonly cost: number;
  run(turn: Turn): void;
  refused(refusal: Refusal): void;
}

/** A command that is answered last. */
export type LateCommand = Late & {
  readonly id: string | undefined;
  /** In tokens: what was taken for it before it was known what it looks at. */
  readonly paid: number;
};
export type LateCommands = ReadonlyMap<RoomConnection, LateCommand>;
