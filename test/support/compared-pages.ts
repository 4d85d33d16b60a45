// The pages that relays make, against what the rows of the room said as it named them.

import type { Relay } from "../../src/relay/relay.ts";
import type { PageRecipe } from "../../src/room/log/log-page.ts";
import { LogStore } from "../../src/room/log/log-store.ts";
import { RoomLog } from "../../src/room/log/room-log.ts";
import type { AddressedDispatch } from "../../src/room/relays/relay-calls.ts";
import type { RoomForTest } from "./room-for-test.ts";

export class ComparedPages {
  readonly tally = { pagesMade: 0 };
  readonly #due = new Map<string, readonly string[]>();

  /** At the end of a flush: nothing was stored since the pages in it were looked at. */
  note({ database, room }: RoomForTest, dispatches: readonly AddressedDispatch[]): void {
    const recipes = dispatches.flatMap(({ dispatch }) =>
      dispatch.steps.flatMap((step) => (step.do === "page" ? [step.recipe] : [])),
    );
    if (recipes.length === 0) return;
    const { failOn } = database;
    database.failOn = undefined;
    const rows = new RoomLog(new LogStore(database, room.settings.historyLimit), {
      newEpoch: "none",
      now: 0,
    });
    for (const recipe of recipes) this.#due.set(JSON.stringify(recipe), pageOf(rows, recipe));
    database.failOn = failOn;
  }

  watch({ held }: Relay): void {
    const make = held.make.bind(held);
    held.make = (recipe) => {
      const made = make(recipe);
      if (made === undefined) return undefined;
      this.tally.pagesMade++;
      const due = this.#due.get(JSON.stringify(recipe));
      if (JSON.stringify(made) !== JSON.stringify(due))
        throw new Error(`a relay made ${JSON.stringify(made)} in place of ${JSON.stringify(due)}`);
      return made;
    };
  }
}

const pageOf = (rows: RoomLog, { of, topics, size }: PageRecipe): readonly string[] =>
  of.kind === "events"
    ? rows.eventsAfter(of.after, topics, size, of.told).events
    : rows.messagesBefore(of.before, topics, size).events;
