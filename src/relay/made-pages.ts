// The pages that a room names in a dispatch, as frames. What many connections are sent is made once.

import { pageAnswer } from "../object/answers.ts";
import { ReplayFrames } from "../object/replay-frames.ts";
import type { PageRecipe } from "../room/log/log-page.ts";
import type { RoomConnection } from "../room/people/room-connection.ts";
import type { PageThere } from "../room/relays/relay-calls.ts";
import type { HeldLog } from "./held-log.ts";

export class MadePages {
  readonly #held: HeldLog;
  /** Of this dispatch, in which pages that are the same are the same object. */
  readonly #events = new Map<PageRecipe, readonly string[] | undefined>();
  readonly #replays = new ReplayFrames();

  constructor(held: HeldLog) {
    this.#held = held;
  }

  /** Ends the pages of a dispatch. */
  clear(): void {
    this.#events.clear();
  }

  /** `undefined`: the relay does not hold all of it. */
  framesOf({ recipe, answer }: PageThere, form: RoomConnection): readonly string[] | undefined {
    const events = this.#eventsOf(recipe);
    if (events === undefined) return undefined;
    if (answer === undefined) return this.#replays.of(events, form);
    const { id, field, more, fields } = answer;
    return [pageAnswer(id, field, { events, more }, fields)];
  }

  #eventsOf(recipe: PageRecipe): readonly string[] | undefined {
    if (!this.#events.has(recipe)) this.#events.set(recipe, this.#held.make(recipe));
    return this.#events.get(recipe);
  }
}
