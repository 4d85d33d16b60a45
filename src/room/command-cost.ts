// What a command costs, in tokens, before it is known what it looks at.

import type { Identity } from "../access/identity.ts";
import { DEFAULT_HISTORY, MAX_EVENTS_PAGE } from "../protocol/index.ts";
import { priceOf } from "./people/allowances.ts";
import type { AppliedCommand } from "./room-commands.ts";

/** At least 1; server code pays nothing. A page is priced as if it were full: the rest is settled when it was read. */
export function costOf(identity: Identity, command: AppliedCommand): number {
  switch (command.type) {
    case "send":
      return 1 + (command.mentions?.length ?? 0);
    case "history":
      return priceOf(identity, { rows: rowsOf(command), bytes: 0 });
    default:
      return 1;
  }
}

const rowsOf = ({ after, limit }: Extract<AppliedCommand, { type: "history" }>): number =>
  limit ?? (after === undefined ? DEFAULT_HISTORY : MAX_EVENTS_PAGE);
