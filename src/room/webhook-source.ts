// The events of a room, in their one order: messages and changes as the log has them, what happened and stands in no log,
// and what the log has retired meanwhile. The log is the outbox: nothing is written for a message but how far the back end
// was told.

import { matchesTopics, type Topics, utf8Length, type WebhookEventType } from "../protocol/index.ts";
import { type BatchSize, GIVE_UP_AFTER_MS, instantIn, type TakenEvents } from "../webhooks/outbox.ts";
import type { LogReads } from "./log/log-reads.ts";
import type { UntoldRow } from "./log/log-rows.ts";
import { withoutExpired } from "./webhook-erasure.ts";
import type { EventRow, Happenings, Place, RoomHappening, WebhookStore } from "./webhook-store.ts";

/** What the deployer wants to hear. */
export interface WebhookChoice {
  readonly events: ReadonlySet<WebhookEventType>;
  /** Of messages and notifications; `null`: all. */
  readonly topics: Topics;
}

/** One event in its place; without `json` nobody is told of it. `next`: the mark behind it. */
interface Untold {
  readonly seq: number;
  readonly number: number;
  readonly next: Place;
  readonly at: number;
  readonly json?: string;
}

/** So many rows a look, as the room does nothing else meanwhile. */
const MAX_LOOKED_AT = 1_000;
/** Events a row: a crowd that joins at once fills several. */
const EVENTS_A_ROW = 100;

export class RoomWebhookSource {
  readonly #room: string;
  readonly #log: LogReads;
  readonly #store: WebhookStore;
  readonly #choice: WebhookChoice;

  constructor(room: string, log: LogReads, store: WebhookStore, choice: WebhookChoice) {
    this.#room = room;
    this.#log = log;
    this.#store = store;
    this.#choice = choice;
  }

  /** Whether anything of the log is told. */
  get followsLog(): boolean {
    const { events } = this.#choice;
    return events.has("message.stored") || events.has("message.changed");
  }

  /** Whether all of the log is told. */
  get wantsAllOfLog(): boolean {
    const { events, topics } = this.#choice;
    return topics === null && events.has("message.stored") && events.has("message.changed");
  }

  /** `id`s: unique for good, also in another room, and the same whenever they are made. */
  nameOf(epoch: string, place: string): string {
    return `room/${this.#room}/${epoch}/${place}`;
  }

  /** The mark behind what nobody is told of, from `told` on, and whether it reached the end. */
  passUnwanted(told: Place, epoch: string): { readonly mark: Place; readonly more: boolean } {
    let mark = told;
    let looked = 0;
    for (const { next, json } of this.#untold(told, epoch)) {
      if (json !== undefined || looked++ === MAX_LOOKED_AT) return { mark, more: true };
      mark = next;
    }
    return { mark, more: false };
  }

  take(told: Place, epoch: string, size: BatchSize, now: number): TakenEvents<Place> {
    const events: string[] = [];
    let [mark, bytes, expired, looked] = [told, 0, 0, 0];
    for (const { next, at, json: written } of this.#untold(told, epoch)) {
      if (looked++ === MAX_LOOKED_AT) return { events, mark, more: true, expired };
      if (written !== undefined) {
        const json = withoutExpired(written, now);
        const isOld = now - at >= GIVE_UP_AFTER_MS;
        const isNeither = isOld ? events.length > 0 : expired > 0;
        bytes += isOld ? 0 : utf8Length(json) + 1;
        const isFull = events.length === size.events || (bytes > size.bytes && events.length > 0);
        if (isNeither || isFull) return { events, mark, more: true, expired };
        if (isOld) expired++;
        else events.push(json);
      }
      mark = next;
    }
    return { events, mark, more: false, expired };
  }

  /** Writes down what happened behind `last`. Answers the number of the last row. */
  add(events: readonly RoomHappening[], occupied: boolean, head: number, last: number): number {
    let number = last;
    for (let at = 0; at < events.length; at += EVENTS_A_ROW) {
      const row: Happenings = { occupied, events: events.slice(at, at + EVENTS_A_ROW) };
      this.#store.addEvents(head, ++number, JSON.stringify(row));
    }
    return number;
  }

  /** At least so many events are untold. */
  count(told: Place, epoch: string): number {
    let count = 0;
    let looked = 0;
    for (const { json } of this.#untold(told, epoch)) {
      if (json !== undefined) count++;
      if (++looked === MAX_LOOKED_AT) break;
    }
    return count;
  }

  /** Copies what the log is about to lose and nobody was told of. Answers how many rows were written. */
  copy(rows: Iterable<UntoldRow>, told: Place, epoch: string): number {
    let written = 0;
    for (const row of rows) {
      for (const { seq, json } of [this.#stored(row, epoch), this.#changed(row, epoch)]) {
        if (json === undefined || seq <= told.head) continue;
        this.#store.addEvents(seq, 0, json);
        written++;
      }
    }
    return written;
  }

  *#untold(told: Place, epoch: string): Generator<Untold> {
    const happened = this.#happenings(told, epoch);
    if (!this.followsLog) {
      yield* happened;
      return;
    }
    const messages = mapped(this.#log.untold(told.head), (row) => this.#stored(row, epoch));
    const changes = mapped(this.#log.changedSince(told.head), (row) => this.#changed(row, epoch));
    yield* inPlace(inPlace(messages, changes), happened);
  }

  *#happenings(told: Place, epoch: string): Generator<Untold> {
    for (const row of this.#store.eventsAfter(told)) {
      const { head, number, body } = row;
      if (number === 0) {
        yield { seq: head, number, next: behind(head), at: instantIn(body), json: body };
        continue;
      }
      const { events }: Happenings = JSON.parse(body);
      const isBegun = head === told.head && number === told.number + 1;
      for (let index = isBegun ? told.index : 0; index < events.length; index++) {
        const isLast = index === events.length - 1;
        const next = isLast ? { head, number, index: 0 } : { head, number: number - 1, index: index + 1 };
        const event = events[index];
        if (event === undefined) continue;
        const id = this.nameOf(epoch, `${head}.${number}.${index}`);
        const json = JSON.stringify({ id, room: this.#room, ...event });
        yield { seq: head, number, next, at: event.at, json };
      }
    }
  }

  #stored({ seq, event, body, at }: UntoldRow, epoch: string): Untold {
    const place = { seq, number: 0, next: behind(seq), at };
    if (!this.#wants("message.stored", event)) return place;
    const head = this.#head(seq, "message.stored", at, epoch);
    return { ...place, json: `${head},"message":${body}}` };
  }

  /** The last change of a message; without one its place is at the beginning of the log. */
  #changed(row: UntoldRow, epoch: string): Untold {
    const { event, body, changed: seq, changed_at: at, changed_by: by } = row;
    const place = { seq: seq ?? 0, number: 0, next: behind(seq ?? 0), at: at ?? 0 };
    if (seq === null || at === null || !this.#wants("message.changed", event)) return place;
    const head = this.#head(seq, "message.changed", at, epoch);
    return { ...place, json: `${head},"seq":${seq},"by":${JSON.stringify(by)},"message":${body}}` };
  }

  /** By hand, as `data` may be nested deeper than the engine encodes. `at` stands before all that a user chose. */
  #head(seq: number, type: WebhookEventType, at: number, epoch: string): string {
    const id = JSON.stringify(this.nameOf(epoch, String(seq)));
    const room = JSON.stringify(this.#room);
    return `{"id":${id},"type":"${type}","at":${at},"room":${room},"epoch":${JSON.stringify(epoch)}`;
  }

  #wants(type: WebhookEventType, topic: string): boolean {
    const { events, topics } = this.#choice;
    return events.has(type) && matchesTopics(topics, topic);
  }
}

/** Whether the room was occupied when this row was written, which was not copied from the log. */
export function occupiedIn({ body }: EventRow): boolean {
  const { occupied }: Happenings = JSON.parse(body);
  return occupied;
}

const behind = (head: number): Place => ({ head, number: 0, index: 0 });

function* mapped(rows: Generator<UntoldRow>, map: (row: UntoldRow) => Untold): Generator<Untold> {
  for (const row of rows) yield map(row);
}

const isBefore = (one: Untold, other: Untold): boolean =>
  one.seq === other.seq ? one.number < other.number : one.seq < other.seq;

/** Merges two streams. Both read whole pages, so one that is left early leaves no statement open. */
function* inPlace(a: Generator<Untold>, b: Generator<Untold>): Generator<Untold> {
  let nextA = a.next();
  let nextB = b.next();
  while (!nextA.done || !nextB.done) {
    if (!nextA.done && (nextB.done || isBefore(nextA.value, nextB.value))) {
      yield nextA.value;
      nextA = a.next();
    } else if (!nextB.done) {
      yield nextB.value;
      nextB = b.next();
    }
  }
}
