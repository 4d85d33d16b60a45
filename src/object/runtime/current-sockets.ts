import { log } from "../../log/log.ts";

export interface CurrentSocket<State> {
  readonly ws: WebSocket;
  readonly state: State;
}

/**
 * The sockets of an object that woke, each with what its attachment keeps. One that other code wrote is of no use to this:
 * its socket is closed, so that the client comes back and starts anew. `of` says in the log whose they are.
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
      // One that we closed has none.
      if (attachment !== null) others++;
    }
  }
  if (others > 0) log("state_of_other_code", { ...of, sockets: others });
  return current;
}
