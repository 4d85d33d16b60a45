// The connections at relays that the room holds: those that speak, and of users all, while the room lists its members.

import { sinceMs } from "../../object/liveness.ts";
import { LISTED_MEMBERS } from "../../protocol/index.ts";
import { RoomConnection, type RoomConnectionState } from "../people/room-connection.ts";
import type { RelaySums } from "./relay-calls.ts";
import { type Held, NOBODY, plus, type RelayLink } from "./relay-link.ts";
import { RelaySocket } from "./relay-socket.ts";
import type { RelaysRules } from "./relays-rules.ts";

/** A connection that was silent for so long is let go, in milliseconds. */
const LET_GO_AFTER_MS = 30_000;
const TIDY_EVERY_MS = 10_000;

export class HeldConnections {
  readonly #links: ReadonlyMap<number, RelayLink>;
  readonly #rules: Pick<RelaysRules, "roomPresence" | "connections" | "moderation">;
  readonly #hasWaiting: (connection: RoomConnection) => boolean;
  readonly #tidiedAt = new Map<RelayLink, number>();

  /** `hasWaiting`: whether a command of a connection waits for a flush, or for something outside of the room. */
  constructor(
    links: ReadonlyMap<number, RelayLink>,
    rules: Pick<RelaysRules, "roomPresence" | "connections" | "moderation">,
    hasWaiting: (connection: RoomConnection) => boolean,
  ) {
    this.#links = links;
    this.#rules = rules;
    this.#hasWaiting = hasWaiting;
  }

  /** All that are at relays, held or not. */
  get total(): RelaySums {
    let total = NOBODY;
    for (const { sums } of this.#links.values()) total = plus(total, sums);
    return total;
  }

  count(): void {
    this.#rules.roomPresence.relayed(this.total);
  }

  /** From here on the room holds it. */
  add(link: RelayLink, state: RoomConnectionState, now: number): Held {
    const socket = new RelaySocket(link.steps, state.id);
    const connection = new RoomConnection(socket, state, link.number);
    const openedWith = state.stage.at === "joining" ? null : 0;
    const held = { connection, socket, touchedAt: now, openedWith, toldWith: 0 };
    link.held.set(state.id, held);
    return held;
  }

  /** A connection speaks; `undefined`: the room has closed it. */
  hold(link: RelayLink, state: RoomConnectionState, unsent: number, now: number): RoomConnection | undefined {
    if (link.ended.has(state, now)) return undefined;
    const held = link.held.get(state.id) ?? this.#holdNew(link, state, now);
    held.touchedAt = now;
    held.socket.waits(unsent);
    return held.connection;
  }

  /**
   * A connection is gone from its relay. Answers the one that the room holds: if it has woken meanwhile and lists its
   * members, the others do not know yet.
   */
  gone(link: RelayLink, id: string, state: RoomConnectionState | undefined, now: number) {
    link.hasGone(id);
    const held = link.held.get(id);
    if (held !== undefined || state === undefined) return held?.connection;
    const barred = this.#rules.moderation.refusalFor(state.actor, now);
    if (link.ended.has(state, now) || barred !== undefined) return undefined;
    if (state.actor.identity.kind !== "user" || !this.#rules.roomPresence.isListed) return undefined;
    const { connection } = this.#holdNew(link, state, now);
    this.#rules.roomPresence.recall([connection]);
    return connection;
  }

  /** The room forgets a connection. */
  forget(link: RelayLink, connection: RoomConnection): void {
    const { id, stage } = connection.state;
    const held = link.held.get(id);
    if (held?.connection !== connection) return;
    link.held.delete(id);
    if (!held.socket.isClosed) return;
    link.ended.add({ kind: "one", id });
    if (stage.at !== "joining") link.counts(connection, -1);
  }

  /** Connections of a relay with something that still waits. */
  busyAt(link: RelayLink): string[] {
    const busy = [...link.joining];
    for (const [id, { connection }] of link.held) if (this.#isBusy(connection)) busy.push(id);
    return busy;
  }

  /** The connections of users that a relay has. Those that it has no more were lost. */
  meet(link: RelayLink, who: readonly RoomConnectionState[], number: number, now: number): void {
    const there = new Set<string>();
    for (const state of who) {
      there.add(state.id);
      // One that waits for its first frames is in the queue of the room, or comes with an upload.
      const isGone = link.goneMeanwhile.has(state.id) || link.ended.has(state, now);
      if (state.stage.at === "joining" || link.held.has(state.id) || isGone) continue;
      this.#holdNew(link, state, now);
    }
    for (const connection of link.notNamed(there, number))
      this.#rules.connections.leave(connection, "lost", now);
  }

  /** A relay was asked who is there. `saidWho`: it has named them, or nobody can be named. */
  heardOf(link: RelayLink, saidWho: boolean): void {
    link.question = "none";
    link.isKnown = true;
    const { roomPresence } = this.#rules;
    if (!saidWho) roomPresence.countRelayed();
    else if (this.#areAllHeard) this.#list();
  }

  /** Lets those go that have been silent, unless the room lists its members. */
  tidy(now: number): void {
    for (const link of this.#links.values()) this.tidyAt(link, now);
  }

  /** At one relay, which must have their states as they are here: what it says of them is all that is known then. */
  tidyAt(link: RelayLink, now: number): void {
    const tidiedAt = this.#tidiedAt.get(link) ?? Number.NEGATIVE_INFINITY;
    if (!link.steps.isEmpty || sinceMs(tidiedAt, now) < TIDY_EVERY_MS) return;
    this.#tidiedAt.set(link, now);
    const { isListed } = this.#rules.roomPresence;
    for (const { connection, touchedAt, toldWith } of [...link.held.values()]) {
      const isKept = (isListed && connection.user !== null) || connection.state.stage.at === "joining";
      if (isKept || sinceMs(touchedAt, now) < LET_GO_AFTER_MS || !link.hasHeard(toldWith)) continue;
      if (this.#isBusy(connection)) continue;
      link.held.delete(connection.state.id);
      this.#rules.connections.letGo(connection);
    }
  }

  #holdNew(link: RelayLink, state: RoomConnectionState, now: number): Held {
    const held = this.add(link, state, now);
    this.#rules.connections.hold(held.connection);
    // A room that died may not have said it.
    const barred = this.#rules.moderation.refusalFor(state.actor, now);
    if (barred !== undefined) this.#rules.connections.drop(held.connection, barred, now);
    return held;
  }

  #isBusy(connection: RoomConnection): boolean {
    return connection.state.stage.at === "joining" || this.#hasWaiting(connection);
  }

  get #areAllHeard(): boolean {
    for (const { question } of this.#links.values()) if (question !== "none") return false;
    return true;
  }

  /** All that are at relays are held now: they are listed, or too many for that. */
  #list(): void {
    const { roomPresence } = this.#rules;
    const held: RoomConnection[] = [];
    for (const link of this.#links.values())
      for (const { connection } of link.held.values())
        if (connection.user !== null && connection.state.stage.at !== "joining") held.push(connection);
    this.count();
    const { members } = this.total;
    if (members <= LISTED_MEMBERS) roomPresence.meet(held);
    else roomPresence.countRelayed();
  }
}
