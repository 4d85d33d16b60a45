// Whether a page goes to a connection as frames, or as a step by which its relay makes it of what it holds.

import type { Page } from "./log/log-page.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { PageAnswer, PageThere } from "./relays/relay-calls.ts";

export interface PageMakers {
  /** Whether the relay of a connection holds all of a page. */
  holds(connection: RoomConnection, page: Page): boolean;
}

/** A smaller page is as cheap to send as to name, in UTF-16 units. */
const LEAST_LENGTH = 1_024;

/** `undefined`: the room sends its frames. `answer`: what the page is an answer to; left out: it is a replay. */
export function pageThere(
  relays: PageMakers | undefined,
  connection: RoomConnection,
  page: Page,
  answer?: PageAnswer,
): PageThere | undefined {
  const { recipe, events } = page;
  if (connection.relay === null || recipe === undefined) return undefined;
  const length = events.reduce((sum, event) => sum + event.length + 1, 0);
  if (length < LEAST_LENGTH || relays?.holds(connection, page) !== true) return undefined;
  return { recipe, length, ...(answer !== undefined && { answer }) };
}
