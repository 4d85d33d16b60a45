// How many answers of agents follow each other: two agents that answer each other would never stop. An agent's answer is a
// message that streams. A message that a user sends begins anew; what server code says in one piece does neither.

import { type Refusal, refuse } from "../../protocol/index.ts";
import type { RoomLog } from "../log/room-log.ts";

const TOO_MANY = refuse(
  "forbidden",
  "agents have answered each other too often: a user has to say something first",
);
/** Of what server code says in between, so many messages are looked at. */
const MAX_LOOKED = 1_000;

/** Why no further answer may be opened, if so. `max` of 0 is no limit. The log is looked through back to a user's message. */
export function agentTurnsRefusal(max: number, log: RoomLog): Refusal | undefined {
  if (max === 0) return undefined;
  let answers = 0;
  let looked = 0;
  for (const { meta, byServer, deleted } of log.latest()) {
    if (meta.stream !== undefined) answers += 1;
    // What is deleted does not say any more what it was.
    else if (!byServer && !deleted) return undefined;
    if (answers >= max) return TOO_MANY;
    looked += 1;
    if (looked >= MAX_LOOKED) return undefined;
  }
  return undefined;
}
