import { SERVER } from "../../access/identity.ts";
import { sinceMs } from "../../object/liveness.ts";
import type { RevokedTokens } from "../../object/revocation.ts";
import { accept } from "../../protocol/index.ts";
import { eraseBatch } from "../portable/user-erasure.ts";
import type { Erased, ErasureOrder } from "../room-calls.ts";
import type { RoomRuntime } from "./room-runtime.ts";

/** In one call, in milliseconds: what is left takes another one. At least one batch is done. */
const WITHIN_MS = 1_000;
const MAX_BATCHES = 20;

/**
 * Erases a user from a room, a flush for each batch: others are served in between. Nobody writes with their old tokens any
 * more while it does.
 */
export async function eraseIn(
  live: RoomRuntime,
  { user, until, from }: ErasureOrder,
  revokedTokens: RevokedTokens,
): Promise<Erased> {
  const begunAt = Date.now();
  let place = from ?? { epoch: live.room.log.epoch, after: 0 };
  let isDone = false;
  const erased = { messages: 0, reactions: 0 };
  for (let batch = 0; batch < MAX_BATCHES && !isDone; batch++) {
    if (batch > 0 && sinceMs(begunAt, Date.now()) >= WITHIN_MS) break;
    const outcome = await live.call(SERVER, 0, (room, turn) => {
      if (batch === 0) room.moderation.revoke(user, revokedTokens, turn);
      if (batch === 0) room.moderation.forget(user);
      const { epoch } = room.log;
      // The log may have been purged meanwhile.
      const after = epoch === place.epoch ? place.after : 0;
      return accept({ ...eraseBatch(room, { user, until }, after, turn), epoch });
    });
    if (!outcome.ok) throw new Error(outcome.refusal.code);
    const { next, epoch, messages, reactions } = outcome.value;
    isDone = next === null;
    place = { epoch, after: next ?? 0 };
    erased.messages += messages;
    erased.reactions += reactions;
  }
  if (!isDone) return { ...erased, isDone, isBack: false, next: place };
  const isBack = live.admission.isOpenTo(user) || live.room.log.hasSince(user, until);
  return { ...erased, isDone, isBack };
}
