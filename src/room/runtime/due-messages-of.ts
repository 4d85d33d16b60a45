import { type Actor, SERVER, type UserIdentity } from "../../access/identity.ts";
import { log } from "../../log/log.ts";
import { accept, type Outcome } from "../../protocol/index.ts";
import type { Admission } from "../admission.ts";
import { DueMessages } from "../due-messages.ts";
import type { Room } from "../room.ts";
import type { Turn } from "../turn.ts";
import type { PublishGate } from "./publish-gate.ts";

interface AwakeRoom {
  readonly room: Room;
  readonly admission: Admission;
  readonly gate: PublishGate | undefined;
  call<T>(actor: Actor, cost: number, run: (room: Room, turn: Turn) => Outcome<T>): Promise<Outcome<T>>;
}

/** The scheduled messages of a room whose time has come. */
export const dueMessagesOf = (
  live: AwakeRoom,
  authorize: (identity: UserIdentity) => Promise<Outcome<Actor>>,
): DueMessages =>
  new DueMessages({
    judge: (actor) => live.admission.judge(actor),
    authorize,
    ask: async (actor, input) => live.gate?.askForCall(actor, { type: "send", input }) ?? accept(undefined),
    settle: async (verdicts) => {
      await live.call(SERVER, 0, ({ time, closedFor }, turn) =>
        // They would be written into a log that is imported. The room that is opened then judges them anew.
        accept(closedFor === undefined ? time.schedule.judged(verdicts, turn) : undefined),
      );
    },
    failed: (error) => log("command_failed", { room: live.room.name, error }),
  });
