// One flush on its way out: what was said, who hears it, and the answers. Every event is encoded once, and
// connections that hear the same are sent the same frames.

import { joinFrames } from "../object/frames.ts";
import { matchesTopics } from "../protocol/index.ts";
import { fitMembers } from "./people/member-frames.ts";
import type { RoomConnection } from "./people/room-connection.ts";

type Said =
  /** `instead`: the sender asked for no echo, so the answer stands in the place of the event. */
  | {
      readonly kind: "stored";
      readonly event: string;
      readonly instead?: { readonly on: RoomConnection; readonly answer: string };
    }
  | {
      readonly kind: "signal";
      readonly event: string;
      readonly except: ReadonlySet<RoomConnection>;
      readonly to?: ReadonlySet<RoomConnection>;
      /** What is said under the same key in one flush replaces what was said before. */
      readonly replaces?: string;
    }
  | { readonly kind: "members" }
  /** To users only, as those who may not ask for them may not hear them either. */
  | { readonly kind: "receipt" };

type Entry = Said & { readonly json: string };

export class Delivery {
  readonly #entries = new Set<Entry>();
  readonly #replaceable = new Map<string, Entry>();
  readonly #answers = new Map<RoomConnection, string[]>();
  /** Those for whom something is left out or put in: they get frames of their own. */
  readonly #special = new Set<RoomConnection>();

  say(said: Said, json: string): void {
    const entry = { ...said, json };
    this.#entries.add(entry);
    if (said.kind === "stored" && said.instead !== undefined) this.#special.add(said.instead.on);
    if (said.kind !== "signal") return;
    if (said.replaces !== undefined) this.#replace(said.replaces, entry);
    for (const connection of said.except) this.#special.add(connection);
    for (const connection of said.to ?? []) this.#special.add(connection);
  }

  /** Goes out after all events of this flush. */
  answer(connection: RoomConnection, json: string): void {
    const answers = this.#answers.get(connection);
    if (answers === undefined) this.#answers.set(connection, [json]);
    else answers.push(json);
  }

  /** Hands each connection its frames. `passed` goes to filtered ones, which would else not see the log move on. */
  hand(
    connections: Iterable<RoomConnection>,
    passed: string | null,
    give: (connection: RoomConnection, frames: readonly string[]) => void,
  ): void {
    const shared = new Map<string, readonly string[]>();
    for (const connection of connections) {
      const frames = this.#special.has(connection)
        ? this.#framesFor(connection, passed)
        : remember(shared, connection.audienceKey, () => this.#framesFor(connection, passed));
      const answers = this.#answers.get(connection);
      const all =
        answers === undefined ? frames : [...frames, ...joinFrames(answers, "", connection.frameBytes)];
      if (all.length > 0) give(connection, all);
    }
  }

  /** The frames of one connection alone, as far as this flush has come: for one that is closed before it ends. */
  dueTo(connection: RoomConnection): readonly string[] {
    const answers = joinFrames(this.#answers.get(connection) ?? [], "", connection.frameBytes);
    return [...this.#framesFor(connection, null), ...answers];
  }

  #replace(key: string, entry: Entry): void {
    const before = this.#replaceable.get(key);
    if (before !== undefined) this.#entries.delete(before);
    this.#replaceable.set(key, entry);
  }

  #framesFor(connection: RoomConnection, passed: string | null): readonly string[] {
    const events: string[] = [];
    for (const entry of this.#entries) {
      const heard = hears(connection, entry);
      if (heard === undefined) continue;
      if (entry.kind === "members") events.push(...fitMembers(heard, connection.frameBytes));
      else events.push(heard);
    }
    const { topics, stage } = connection.state;
    if (passed !== null && topics !== null && stage.at === "live") events.push(passed);
    return joinFrames(events, "", connection.frameBytes);
  }
}

/** What `connection` hears of an entry, if anything. */
function hears(connection: RoomConnection, entry: Entry): string | undefined {
  const { stage, topics, presence } = connection.state;
  switch (entry.kind) {
    case "stored":
      if (stage.at !== "live") return undefined;
      if (entry.instead?.on === connection) return entry.instead.answer;
      return matchesTopics(topics, entry.event) ? entry.json : undefined;
    case "signal":
      if (entry.except.has(connection) || entry.to?.has(connection) === false) return undefined;
      return matchesTopics(topics, entry.event) ? entry.json : undefined;
    case "members":
      return presence ? entry.json : undefined;
    case "receipt":
      return connection.user === null ? undefined : entry.json;
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}
