// The deliveries of a room to the sessions that joined it, while its object is awake.

import { log } from "../../log/log.ts";
import type { Room } from "../../room/room.ts";
import { DeliveryQueue } from "../room-side/delivery-queue.ts";
import type { ItemAnswer, SessionItem } from "../session-delivery.ts";

interface SessionDeliveriesPorts {
  deliver(user: string, items: readonly SessionItem[]): Promise<readonly ItemAnswer[]>;
  /** The answers have left something to be done. */
  flush(): void;
}

/** The queue to put the `deliveries` of each flush in. */
export function sessionDeliveries(
  { name, sessions }: Pick<Room, "name" | "sessions">,
  { deliver, flush }: SessionDeliveriesPorts,
): DeliveryQueue {
  return new DeliveryQueue({
    deliver,
    answered(items, answers) {
      const again = sessions.answered(items, answers, Date.now());
      flush();
      return again;
    },
    givenUp(items, error) {
      log("delivery_failed", { room: name, error });
      sessions.givenUp(items);
      flush();
    },
    now: () => Date.now(),
    random: () => Math.random(),
    wait: (ms) => scheduler.wait(ms),
  });
}
