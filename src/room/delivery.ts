// The way from a flush to the sockets, and the only one. It keeps the order that clients rely on: the events of the
// flush, then the answers to its commands, then what is read at its end (pages, first frames), which therefore holds
// from there on. Every event is encoded once, and connections with the same audience are sent the same frames.

import { joinFrames } from "../object/frames.ts";
import { matchesTopics } from "../protocol/index.ts";
import type { Audience, DeliveryEntry } from "./audience.ts";
import { fitMembers } from "./people/member-frames.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import { relayEntryOf } from "./relayed-entries.ts";
import type { PageThere } from "./relays/relay-calls.ts";
import type { Forwarded } from "./relays/relays.ts";

/** A frame, or what its relay makes in this place. */
export type LastFrame = string | PageThere;

/** The connections of a room, as a delivery needs them. */
export interface Outlet {
  /** Those past their first frames. */
  readonly recipients: Iterable<RoomConnection>;
  /** Sends frames, or holds them back while the permission of the connection is unknown. May close it. */
  give(connection: RoomConnection, frames: readonly string[], now: number): void;
  /** As `give`, with pages that its relay makes. */
  giveLast(connection: RoomConnection, frames: readonly LastFrame[], now: number): void;
  /** Delivers to connections that are elsewhere; `undefined`: there are none. */
  readonly relays?: { deliver(forwarded: Forwarded): void } | undefined;
}

export class Delivery {
  readonly #outlet: Outlet;
  readonly #now: number;
  readonly #entries = new Set<DeliveryEntry>();
  readonly #replaceable = new Map<string, DeliveryEntry>();
  readonly #answers = new Map<RoomConnection, string[]>();
  /** Those that an entry excludes or names: they get frames of their own. */
  readonly #special = new Set<RoomConnection>();

  constructor(outlet: Outlet, now: number) {
    this.#outlet = outlet;
    this.#now = now;
  }

  /** Adds an event, encoded. It goes out with the next `deliver`. */
  emit(audience: Audience, json: string): void {
    const entry = { ...audience, json };
    this.#entries.add(entry);
    if (audience.kind === "stored" && audience.instead !== undefined) this.#special.add(audience.instead.on);
    if (audience.kind === "only") for (const connection of audience.to) this.#special.add(connection);
    if (audience.kind !== "signal") return;
    if (audience.replaces !== undefined) this.#replace(audience.replaces, entry);
    for (const connection of audience.except) this.#special.add(connection);
    for (const connection of audience.to ?? []) this.#special.add(connection);
  }

  /** Adds an answer. It goes out with the next `deliver`, after all events. */
  answer(connection: RoomConnection, json: string): void {
    const answers = this.#answers.get(connection);
    if (answers === undefined) this.#answers.set(connection, [json]);
    else answers.push(json);
  }

  /**
   * Sends what was added since the last time. `checkpoint` goes to connections that filter by topic: without it their
   * cursor would not move when the log does.
   */
  deliver(checkpoint: string | null = null): void {
    if (checkpoint === null && this.#entries.size === 0 && this.#answers.size === 0) return;
    const shared = new Map<string, readonly string[]>();
    for (const connection of this.#outlet.recipients) {
      const frames =
        connection.isBehind || this.#special.has(connection)
          ? this.#framesFor(connection, checkpoint)
          : remember(shared, connection.audienceKey, () => this.#framesFor(connection, checkpoint));
      const answers = this.#answers.get(connection);
      const all = answers === undefined ? frames : [...frames, ...joinFrames(answers, connection)];
      if (all.length > 0) this.#outlet.give(connection, all, this.#now);
    }
    this.#outlet.relays?.deliver({
      entries: Array.from(this.#entries, relayEntryOf),
      answers: this.#answers,
      checkpoint,
    });
    this.#entries.clear();
    this.#replaceable.clear();
    this.#answers.clear();
    this.#special.clear();
  }

  /**
   * Sends one connection what `make` reads now. Everything that was added before goes out first, to all: so no event
   * that `make` has seen comes behind it.
   */
  last(connection: RoomConnection, make: () => readonly LastFrame[]): void {
    this.deliver();
    this.#outlet.giveLast(connection, make(), this.#now);
  }

  /** What one connection would be sent by now: for one that is closed before the flush ends. */
  dueTo(connection: RoomConnection): readonly string[] {
    const answers = joinFrames(this.#answers.get(connection) ?? [], connection);
    return [...this.#framesFor(connection, null), ...answers];
  }

  #replace(key: string, entry: DeliveryEntry): void {
    const before = this.#replaceable.get(key);
    if (before !== undefined) this.#entries.delete(before);
    this.#replaceable.set(key, entry);
  }

  #framesFor(connection: RoomConnection, checkpoint: string | null): readonly string[] {
    const events: string[] = [];
    for (const entry of this.#entries) {
      const heard = hears(connection, entry);
      if (heard === undefined) continue;
      if (entry.kind === "members") events.push(...fitMembers(heard, connection.frameBytes));
      else events.push(heard);
    }
    const { topics, stage } = connection.state;
    if (checkpoint !== null && topics !== null && stage.at === "live") events.push(checkpoint);
    return joinFrames(events, connection);
  }
}

/** What `connection` is sent of an entry, if anything. */
function hears(connection: RoomConnection, entry: DeliveryEntry): string | undefined {
  const { stage, topics, presence, isCall } = connection.state;
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
    case "append":
      if (stage.at !== "live" || isCall || connection.lacksStream(entry.target)) return undefined;
      return matchesTopics(topics, entry.event) ? entry.json : undefined;
    case "only":
      return !isCall && entry.to.has(connection) ? entry.json : undefined;
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
