import type { Command, Message } from "../../../src/protocol/index.ts";
import type { OnAnswer } from "../../connection/transport/pending-answers.ts";

/** The room and its connection, as those see it who speak on it. */
export interface RoomLine {
  readonly live: boolean;
  /** Id of this user; `undefined` for an anonymous reader, and until the first connection. */
  readonly self: string | undefined;
  /** `seq` of the last event that is known of. */
  readonly head: number;
  /** The stored message of this `seq`, if it is held. */
  held(seq: number): Message | undefined;
  /** Counted against the rate. Answered with `undefined` where the connection is lost. */
  request(command: Command & { readonly id: string }, onAnswer: OnAnswer): void;
}
