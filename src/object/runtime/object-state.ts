// What an object finds when it starts: its database, and the sockets that outlived its sleep.

import { log } from "../../log/log.ts";
import type { Database } from "../storage/sql.ts";

export const databaseOf = ({ storage }: DurableObjectState): Database => ({
  sql: storage.sql,
  transaction: (run) => storage.transactionSync(run),
});

export interface CurrentSocket<State> {
  readonly ws: WebSocket;
  readonly state: State;
}

/**
 * The sockets of an object that woke, each with the state in its attachment. A socket whose attachment another version
 * of the code wrote is closed, so that its client reconnects. `of`: whose sockets they are, for the log.
 */
export function currentSockets<State>(
  ctx: DurableObjectState,
  read: (attachment: unknown) => State | undefined,
  of: { readonly room: string } | { readonly user: string },
): CurrentSocket<State>[] {
  const current: CurrentSocket<State>[] = [];
  let others = 0;
  for (const ws of ctx.getWebSockets()) {
    const attachment: unknown = ws.deserializeAttachment();
    const state = read(attachment);
    if (state !== undefined) current.push({ ws, state });
    else if (ws.readyState === WebSocket.OPEN) {
      ws.close(4500, "internal");
      // A socket that this server closed has an empty attachment: it is not of another version.
      if (attachment !== null) others++;
    }
  }
  if (others > 0) log("state_of_other_code", { ...of, sockets: others });
  return current;
}
