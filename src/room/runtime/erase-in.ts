import { SERVER } from "../../access/identity.ts";
import type { RevokedTokens } from "../../object/revocation.ts";
import { accept } from "../../protocol/index.ts";
import { eraseBatch } from "../portable/user-erasure.ts";
import type { Erased, ErasureOrder } from "../room-calls.ts";
import type { RoomRuntime } from "./room-runtime.ts";

/** In one call: a longer log takes several. */
const MAX_BATCHES = 20;

/** Erases a user from a room, a flush for each batch. Nobody writes with their old tokens any more while it does. */
export async function eraseIn(
  live: RoomRuntime,
  order: ErasureOrder,
  revokedTokens: RevokedTokens,
): Promise<Erased> {
  let after: number | null = 0;
  let { epoch } = live.room.log;
  const erased = { messages: 0, reactions: 0 };
  for (let batch = 0; batch < MAX_BATCHES && after !== null; batch++) {
    const outcome = await live.call(SERVER, 0, (room, turn) => {
      if (batch === 0) room.moderation.revoke(order.user, revokedTokens, turn);
      if (batch === 0) room.moderation.forget(order.user);
      // The log may have been purged meanwhile.
      const from: number = room.log.epoch === epoch ? (after ?? 0) : 0;
      epoch = room.log.epoch;
      return accept(eraseBatch(room, order, from, turn));
    });
    if (!outcome.ok) throw new Error(outcome.refusal.code);
    after = outcome.value.next;
    erased.messages += outcome.value.messages;
    erased.reactions += outcome.value.reactions;
  }
  const { user, until } = order;
  const isBack = live.admission.isOpenTo(user) || live.room.log.hasSince(user, until);
  return { ...erased, isDone: after === null, isBack };
}
