// Notifies the users who were named in messages and were not there. No word of the message goes along, as the room does
// not know who may read it.

import { log } from "../../log/log.ts";
import { mapBounded } from "../../object/bounded.ts";
import type { Mention } from "../mentions.ts";

interface MentionNotification {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly priority: "medium";
  readonly topic: string;
  readonly data: string;
  readonly room: string;
}

const TRIES = 3;
const RETRY_MS = 1_000;

/** The id of each is that of its message, so that a try more than needed tells nobody twice. Never rejects. */
export async function tellMentioned(
  room: string,
  mentions: readonly Mention[],
  notify: (user: string, notification: MentionNotification, sessions: readonly string[]) => Promise<unknown>,
): Promise<void> {
  await mapBounded(mentions, async ({ user, seq, epoch, from, sessions }) => {
    const notification = {
      id: `mention:${room}:${epoch}.${seq}`,
      title: from?.name ?? from?.id ?? "",
      message: "",
      priority: "medium",
      topic: "mention",
      data: JSON.stringify({ room, seq }),
      room,
    } as const;
    for (let attempt = 1; ; attempt++) {
      try {
        await notify(user, notification, sessions);
        return;
      } catch (error) {
        if (attempt === TRIES) {
          log("mention_failed", { room, user, error });
          return;
        }
        await scheduler.wait(Math.random() * RETRY_MS * attempt);
      }
    }
  });
}
