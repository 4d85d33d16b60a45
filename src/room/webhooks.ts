// What a room notes for the back end: who comes and goes, whether anybody is here, and how far it was told of the log. All
// of it is written with the flush that caused it.

import { type Spending, TELLING, type TellingCosts } from "../object/spending.ts";
import type { Database } from "../object/storage/sql.ts";
import type { WebhookOutcome } from "../webhooks/attempts.ts";
import type { LossReason } from "../webhooks/losses.ts";
import {
  type BatchSize,
  type NextStep,
  type OutboxPorts,
  type StoredOutbox,
  type TakenEvents,
  type WebhookBatch,
  WebhookOutbox,
} from "../webhooks/outbox.ts";
import type { UntoldRow } from "./log/log-rows.ts";
import type { LogKeeper, LogStore } from "./log/log-store.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import { withoutUser } from "./webhook-erasure.ts";
import { PeopleWatch } from "./webhook-people.ts";
import { occupiedIn, RoomWebhookSource, type WebhookChoice } from "./webhook-source.ts";
import { type Place, type StoredWebhooks, WebhookStore } from "./webhook-store.ts";

/** Further ones are lost. Each is a message at most. */
const MAX_ROWS = 100_000;
/** So far the log may be passed without a row. After a crash it is passed again. */
const PASSED_UNWRITTEN = 256;

/** The log, as far as webhooks look at it. */
export interface WatchedLog {
  readonly epoch: string;
  readonly head: number;
}

export interface WebhookPorts extends OutboxPorts {
  /** Whether anything is stored of the room: one in which somebody only listens is not made for a webhook. */
  isMade(): boolean;
}

/** What is looked at in the end of a flush. */
export interface NotedRoom {
  readonly roomPresence: RoomPresence;
  readonly spending: Spending;
}

/** A place in one log. */
type Mark = Place & { readonly epoch: string };

export class RoomWebhooks implements LogKeeper {
  readonly origin: { readonly room: string };
  readonly people: PeopleWatch;
  /** What users pay for what is told of them. */
  readonly costs: TellingCosts;
  readonly #ports: WebhookPorts;
  readonly #store: WebhookStore;
  readonly #source: RoomWebhookSource;
  readonly #outbox: WebhookOutbox<Mark>;
  readonly #stored: StoredWebhooks | undefined;
  /** `undefined` while the log is read. */
  #log: WatchedLog | undefined;
  #epoch: string;
  #told: Place;
  #last: Omit<Place, "index">;
  /** Whether `#last` is written. */
  #isLastWritten = true;
  #hasRows: boolean;
  /** How many there are; `undefined`: not counted. */
  #rows: number | undefined;
  /** Up to which `seq` is written that the back end was told; `null`: nothing is written yet. */
  #written: number | null;
  /** What was lost and is not said yet. */
  #lost: Record<"overflow" | "purged", number> = { overflow: 0, purged: 0 };

  constructor(room: string, database: Database, log: LogStore, choice: WebhookChoice, ports: WebhookPorts) {
    this.origin = { room };
    this.#ports = ports;
    this.#store = new WebhookStore(database);
    this.#source = new RoomWebhookSource(room, log.reads, this.#store, choice);
    this.costs = {
      ...TELLING,
      message: this.#source.followsLog ? TELLING.message : 0,
      mention: choice.events.has("notification.stored") ? TELLING.mention : 0,
    };
    const stored = this.#store.read();
    const last = stored && this.#store.lastEvents;
    this.#stored = stored;
    this.#epoch = stored?.epoch ?? "";
    this.#told = stored === undefined ? BEGINNING : placeOf(stored.told);
    this.#last = stored === undefined ? BEGINNING : placeOf([...stored.last, 0]);
    this.#written = stored === undefined ? null : this.#told.head;
    this.#hasRows = last !== undefined;
    const isNewer = last !== undefined && last.number > 0 && isAfter(last, this.#last);
    if (isNewer) this.#last = { head: last.head, number: last.number };
    this.people = new PeopleWatch(choice.events, this.#store, {
      occupied: (isNewer ? occupiedIn(last) : stored?.occupied) ?? false,
      knowsMembers: stored?.members ?? false,
      missing: stored?.missing ?? null,
    });
    this.#outbox = new WebhookOutbox<Mark>(this, stored ?? {}, ports);
    log.keptBy(this);
  }

  /** A room that webhooks are new to is told of from now on. */
  start(log: WatchedLog): void {
    const { epoch, head } = log;
    this.#log = log;
    const isOfThisLog = this.#stored?.epoch === epoch;
    if (isOfThisLog && (this.#stored.log || !this.#source.followsLog || this.#hasRows)) return;
    this.#epoch = epoch;
    if (!isOfThisLog && this.#hasRows) {
      // They happened before the log was imported, and are told behind it.
      const { number, index } = this.#told;
      this.#store.moveEvents(head);
      this.#told = { head, number, index };
      this.#last = { head, number: this.#last.number };
    } else {
      this.#told = behind(head);
      if (!isOfThisLog) this.#last = BEGINNING;
    }
    if (this.#stored !== undefined) this.#outbox.save();
  }

  /** Whether anything may be untold. */
  get isBehind(): boolean {
    return this.#hasRows || (this.#source.followsLog && this.#told.head < this.#head);
  }

  /** Whether something waits until the back end is told. */
  get isPending(): boolean {
    return this.#outbox.isPending;
  }

  /** Whether a crash must not leave the room without an alarm. */
  get needsAlarm(): boolean {
    return this.isPending || this.people.isOccupied;
  }

  /** When the alarm has to do something; `null`: nothing. */
  wakeAt(now: number): number | null {
    const retryAt = this.#outbox.retryAt(now);
    const { missing } = this.people;
    return retryAt === null || missing === null ? (retryAt ?? missing) : Math.min(retryAt, missing);
  }

  get tries(): number {
    return this.#outbox.tries;
  }

  /** At the end of a flush: writes down what it changed. */
  note({ roomPresence, spending }: NotedRoom, now: number): void {
    if (this.#log === undefined || !this.#ports.isMade()) return;
    const { events, mustWrite } = this.people.look(roomPresence, now);
    for (const event of events) if ("user" in event) spending.add(event.user.id, this.costs.coming);
    const head = this.#head;
    if (events.length > 0) {
      const before = this.#last.head === head ? this.#last.number : 0;
      const number = this.#source.add(events, this.people.isOccupied, head, before);
      this.#last = { head, number };
      this.#isLastWritten = false;
      this.#hasRows = true;
      this.#rows = undefined;
    }
    const isLoss = this.#lost.purged > 0 || this.#outbox.isWorthSaying("overflow", this.#lost.overflow);
    if (isLoss) this.#sayLost(now);
    const { followsLog, wantsAllOfLog } = this.#source;
    if (followsLog && !wantsAllOfLog && this.#told.head < head) this.#passUnwanted();
    const isFirst = this.#written === null && this.isPending;
    if (isFirst || mustWrite || isLoss || this.#passed > PASSED_UNWRITTEN) this.#outbox.save();
  }

  next(now: number): NextStep<Mark> {
    const step = this.#outbox.next(now);
    if (this.#passed > PASSED_UNWRITTEN) this.#outbox.save();
    return step;
  }

  /** What came of a batch. The alarm has to be set in the same turn. */
  settle(batch: WebhookBatch<Mark>, outcome: WebhookOutcome, now: number): void {
    this.#sayLost(now);
    this.#outbox.settle(batch, outcome, now);
  }

  /** Nothing that the user said up to `until` (ms) is told any more. Who goes on to tell knows them by their id only. */
  erase(user: string, until: number, now: number): void {
    if (this.#hasRows) this.#store.changeEvents(user, (row) => withoutUser(row, { user, until }, now));
  }

  take(size: BatchSize, now: number): TakenEvents<Mark> {
    const taken = this.#source.take(this.#told, this.#epoch, size, now);
    return { ...taken, mark: this.#markOf(taken) };
  }

  told({ epoch, ...place }: Mark): void {
    if (epoch !== this.#epoch) return;
    this.#told = place;
    if (!this.#hasRows) return;
    this.#store.removeEvents(place);
    this.#hasRows = this.#store.hasEvents;
    this.#rows = this.#hasRows ? undefined : 0;
  }

  write(outbox: StoredOutbox): void {
    const { head, number, index } = this.#told;
    this.#store.write({
      epoch: this.#epoch,
      told: [head, number, index],
      last: [this.#last.head, this.#last.number],
      log: this.#source.followsLog,
      ...this.people.stored,
      ...outbox,
    });
    this.#written = head;
    this.#isLastWritten = true;
  }

  lossId(reason: LossReason, now: number): string {
    return this.#source.nameOf(this.#epoch, `lost.${reason}.${now}`);
  }

  /** Whether a message that the log is about to lose may be untold. */
  wants(head: number): boolean {
    return this.#epoch !== "" && this.#source.followsLog && this.#told.head < head;
  }

  retiring(rows: Iterable<UntoldRow>): void {
    this.#rows ??= this.#hasRows ? this.#store.countEvents() : 0;
    if (this.#rows >= MAX_ROWS) {
      for (const _ of rows) this.#lost.overflow++;
      return;
    }
    const copied = this.#source.copy(rows, this.#told, this.#epoch);
    this.#rows += copied;
    this.#hasRows ||= copied > 0;
    // From here on the last row may be a copy, which does not say what the last flush wrote.
    if (copied > 0 && !this.#isLastWritten) this.#outbox.save();
  }

  purging(epoch: string): () => void {
    const undo = this.#undo();
    this.#lost.purged += this.#source.count(this.#told, this.#epoch);
    this.#forgetRows();
    this.#epoch = epoch;
    this.#told = BEGINNING;
    this.#last = BEGINNING;
    if (this.#written !== null) this.#outbox.save();
    return undo;
  }

  /** For a purge that is rolled back. */
  #undo(): () => void {
    const [before, told, last, written] = [this.#epoch, this.#told, this.#last, this.#written];
    const [lost, hasRows] = [{ ...this.#lost }, this.#hasRows];
    return () => {
      this.#epoch = before;
      this.#told = told;
      this.#last = last;
      this.#written = written;
      this.#lost = lost;
      this.#hasRows = hasRows;
      this.#rows = undefined;
      this.#isLastWritten = false;
    };
  }

  #sayLost(now: number): void {
    const { overflow, purged } = this.#lost;
    this.#outbox.lose("overflow", overflow, now);
    this.#outbox.lose("purged", purged, now);
    this.#lost = { overflow: 0, purged: 0 };
  }

  get #head(): number {
    return this.#log?.head ?? 0;
  }

  /** How far the log was passed since it was written. */
  get #passed(): number {
    return this.#told.head - (this.#written ?? this.#told.head);
  }

  #passUnwanted(): void {
    const passed = this.#source.passUnwanted(this.#told, this.#epoch);
    this.told(this.#markOf(passed));
  }

  /** The end of the log is the end, also if the last change in it is of a message that is gone. */
  #markOf({ mark, more }: { readonly mark: Place; readonly more: boolean }): Mark {
    const isShort = !more && this.#source.followsLog && mark.head < this.#head;
    return { ...(isShort ? behind(this.#head) : mark), epoch: this.#epoch };
  }

  #forgetRows(): void {
    if (this.#hasRows) this.#store.removeAllEvents();
    this.#hasRows = false;
    this.#rows = 0;
  }
}

const BEGINNING: Place = { head: 0, number: 0, index: 0 };

const behind = (head: number): Place => ({ head, number: 0, index: 0 });

const placeOf = ([head, number, index]: readonly [number, number, number]): Place => ({
  head,
  number,
  index,
});

const isAfter = (one: Omit<Place, "index">, other: Omit<Place, "index">): boolean =>
  one.head === other.head ? one.number > other.number : one.head > other.head;
