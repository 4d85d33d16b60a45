// Scheduled messages: what their authors and server code do with them, and what becomes of them when they are due.
// Invariant: a message is stored and its row removed in one turn, under an id that the log remembers. So it is sent once,
// whatever breaks off in between.

import { type Actor, userOf } from "../access/identity.ts";
import { oversize } from "../object/encode-data.ts";
import type { Journal } from "../object/journal.ts";
import { sinceMs } from "../object/liveness.ts";
import { BYTES_A_UNIT, SCHEDULE, type Spending } from "../object/spending.ts";
import {
  accept,
  CHAT_EVENT,
  MAX_SCHEDULE_MS,
  type Outcome,
  type Refusal,
  refuse,
  reject,
  type Scheduled,
  type ScheduleResult,
  type Sender,
  utf8Length,
} from "../protocol/index.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { Moderation } from "./moderation.ts";
import { type Allowances, priceOf } from "./people/allowances.ts";
import { mayWrite, tooLittle } from "./people/permissions.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { Publisher } from "./publisher.ts";
import type { Asked } from "./ruling.ts";
import { type ScheduleEntry, ScheduleList, waitingKey } from "./time/schedule-list.ts";
import type { ScheduleStore } from "./time/schedule-store.ts";
import {
  actorOfWaiting,
  authorOf,
  type DueMessage,
  decodeWaiting,
  encodeScheduled,
  encodeWaiting,
  inputOfWaiting,
  type WaitingMessage,
} from "./time/waiting-message.ts";
import type { Turn } from "./turn.ts";

export interface ScheduleInput {
  readonly id: string;
  readonly event?: string | undefined;
  /** As JSON. */
  readonly data: string;
  readonly replyTo?: number | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly sendAt: number;
  /** The user in whose name server code sends it. */
  readonly from?: Sender | undefined;
}

export interface SchedulePatch {
  readonly id: string;
  /** As JSON. */
  readonly data?: string | undefined;
  readonly sendAt?: number | undefined;
}

/** What was found out about it: who sends what, or why it is not sent. */
export interface DueVerdict extends Pick<DueMessage, "key" | "version"> {
  /** `asked`: the back end has judged what it says, and it is paid for. */
  readonly outcome: Outcome<Pick<DueMessage, "actor" | "input"> & { readonly asked?: Asked | undefined }>;
}

type DueSending = Extract<DueVerdict["outcome"], { ok: true }>["value"];

export interface ScheduleRules {
  readonly schedule: ScheduleStore;
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly publisher: Pick<Publisher, "publish" | "refusalFor">;
  readonly moderation: Pick<Moderation, "refusalFor">;
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly journal: Journal;
  /** From 0 to below 1. */
  random(): number;
  /** A row could not be read or written. The room goes on. */
  reportFault(error: unknown): void;
}

const DAY_MS = 86_400_000;
/** How long a message that was refused is listed. */
const LISTED_MS = 7 * DAY_MS;
const MAX_A_FLUSH = 100;
/** Questions about due messages are asked again if nothing came of them. */
const ASK_AGAIN_MS = 60_000;
/** The wait after a try that failed for the moment doubles, from the first to the second. */
const AGAIN_MS = 5_000;
const MAX_AGAIN_MS = 300_000;
/** No message is put off for longer: then its user is judged anew. */
const MAX_WAIT_MS = 3_600_000;

/** These may pass. */
const PASSING: readonly Refusal["code"][] = ["overloaded", "internal"];

const NO_SUCH = refuse("not_found", "no message of this id waits here", { path: ["id"] });
/** A URL cannot name it: its path would lead elsewhere. */
const DOTS = refuse("bad_request", "id must not be . or .., as no URL could name it", { path: ["id"] });
const TOO_FAR = refuse("bad_request", "sendAt is at most a year ahead", { path: ["sendAt"] });

export class Schedule {
  readonly #rules: ScheduleRules;
  readonly #list: ScheduleList;
  /** When messages that are due were given out, until the verdict comes. In milliseconds. */
  #askedAt: number | undefined;

  constructor(rules: ScheduleRules) {
    this.#rules = rules;
    this.#list = new ScheduleList(rules.schedule.rows());
  }

  /** How many wait. */
  get size(): number {
    return this.#list.size;
  }

  /** When the next message is due, in milliseconds; `null`: none is. */
  get wakeAt(): number | null {
    if (this.#askedAt !== undefined) return this.#askedAt + ASK_AGAIN_MS;
    return this.#list.next;
  }

  add(actor: Actor, { from: named, ...input }: ScheduleInput, { now }: Turn): Outcome<ScheduleResult> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const { id, sendAt, data, event = CHAT_EVENT } = input;
    if (id === "." || id === "..") return reject(DOTS);
    const author = authorOf(actor);
    const from = author?.user ?? named ?? null;
    const key = waitingKey({ author: from?.id ?? "", byServer: author === null, id });
    const waiting = this.#list.get(key) && this.#read(key);
    if (waiting !== undefined) return accept({ id, sendAt: waiting.sendAt, duplicate: true });
    const sent = this.#rules.log.findRepeat(
      { id, event, data, keyed: true },
      { from, byServer: author === null },
    );
    if (sent?.ok) return accept({ id, sendAt: sent.value.at, duplicate: true });
    const refusal =
      this.#rules.publisher.refusalFor(actor, { ...input, event }) ??
      (sendAt > now + MAX_SCHEDULE_MS ? TOO_FAR : undefined);
    if (refusal !== undefined) return reject(refusal);
    const written = this.#write(key, { ...input, event, from, author, at: now }, sendAt);
    if (written !== undefined) return reject(written);
    if (author !== null) this.#rules.spending.add(author.user.id, SCHEDULE + data.length / BYTES_A_UNIT);
    return accept({ id, sendAt });
  }

  /** Those that `actor` may see, each as JSON, the next one first. */
  list(actor: Actor, { now }: Turn): Outcome<readonly string[]> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const { identity } = actor;
    const user = userOf(identity)?.id;
    const mine = this.#list.all.filter(
      ({ author, byServer }) => user === undefined || (!byServer && author === user),
    );
    const messages = mine.map(({ key }) => this.#read(key)).filter((message) => message !== undefined);
    const shown = messages.toSorted((a, b) => a.sendAt - b.sendAt).map(encodeScheduled);
    const bytes = shown.reduce((sum, { length }) => sum + length, 0);
    const price = priceOf(identity, { rows: shown.length, bytes });
    this.#rules.allowances.charge(identity, price - priceOf(identity, { rows: 0, bytes: 0 }), now);
    return accept(shown);
  }

  /** All that wait, each as JSON. */
  all(): readonly string[] {
    const messages = this.#list.all.map(({ key }) => this.#read(key));
    return messages.filter((message) => message !== undefined).map(encodeScheduled);
  }

  /**
   * Takes in a message that another room had. Nothing is known of its author's token: it counts as one of `now` that may
   * write, or, with `isAsked`, as one about which the back end is asked when the message is due.
   */
  restore({ data, byServer, ...waiting }: Scheduled, now: number, isAsked: boolean): void {
    const { id, from, sendAt, error } = waiting;
    const token = { issuedAt: now, expiresAt: now, permission: "write", isAsked } as const;
    const author = byServer || from === null ? null : { user: from, ...token };
    const key = waitingKey({ author: from?.id ?? "", byServer: author === null, id });
    const dueAt = error === undefined ? sendAt : now + LISTED_MS;
    this.#put(key, { ...waiting, author, data: JSON.stringify(data) }, dueAt);
  }

  /** Answers the message as it is now, as JSON. One that was refused is tried again. */
  change(actor: Actor, { id, data, sendAt }: SchedulePatch, { now }: Turn): Outcome<string> {
    const found = this.#find(actor, id);
    if (!found.ok) return found;
    const { entry, message } = found.value;
    if (data === undefined && sendAt === undefined) return accept(encodeScheduled(message));
    if (sendAt !== undefined && sendAt > now + MAX_SCHEDULE_MS) return reject(TOO_FAR);
    const refusal = data === undefined ? undefined : oversize(data, this.#rules.settings.limits.messageBytes);
    if (refusal !== undefined) return reject(refusal);
    // A new token of its author counts for it from now on.
    const author = authorOf(actor) ?? message.author;
    const changed: WaitingMessage = {
      ...message,
      ...(data !== undefined && { data }),
      ...(author !== null && { from: author.user }),
      author,
      sendAt: sendAt ?? message.sendAt,
      error: undefined,
      failingSince: undefined,
    };
    const written = this.#write(entry.key, changed, changed.sendAt);
    if (written !== undefined) return reject(written);
    const user = userOf(actor.identity);
    if (user !== null) this.#rules.spending.add(user.id, SCHEDULE + (data?.length ?? 0) / BYTES_A_UNIT);
    return accept(encodeScheduled(changed));
  }

  cancel(actor: Actor, id: string): Outcome<undefined> {
    const found = this.#find(actor, id);
    if (!found.ok) return found;
    this.#remove(found.value.entry.key);
    return accept(undefined);
  }

  /** Those in the name of a user, in whatever voice; each as JSON. */
  ofUser(user: string): readonly string[] {
    return this.#list.all.flatMap(({ key, author }) => {
      const message = author === user ? this.#read(key) : undefined;
      return message === undefined ? [] : [encodeScheduled(message)];
    });
  }

  /** Removes what was scheduled in the name of a user until then, in milliseconds. */
  erase(user: string, until: number): void {
    for (const { key, author } of this.#list.all)
      if (author === user && (this.#read(key)?.at ?? 0) <= until) this.#remove(key);
  }

  /** The log is deleted, and with it what was to come into it. */
  purge(): void {
    this.#rules.schedule.clear();
    this.#list.clear();
    this.#askedAt = undefined;
  }

  /** In each flush, after what arrived took effect: gives out what is due. It is judged before it is sent. */
  advance(turn: Turn): void {
    const { now } = turn;
    if (this.#list.size === 0) return;
    if (this.#askedAt !== undefined && sinceMs(this.#askedAt, now) < ASK_AGAIN_MS) return;
    this.#askedAt = undefined;
    this.#list.noLaterThan(now + MAX_WAIT_MS);
    if ((this.#list.next ?? Number.POSITIVE_INFINITY) > now) return;
    for (const entry of this.#list.due(now, MAX_A_FLUSH)) {
      try {
        this.#giveOut(entry, turn);
      } catch (error) {
        this.#failed(entry, error, now);
      }
    }
    if (turn.due.length > 0) this.#askedAt = now;
  }

  /** What was found out about messages that were given out. Whatever was changed meanwhile is asked about anew. */
  judged(verdicts: readonly DueVerdict[], turn: Turn): void {
    this.#askedAt = undefined;
    for (const { key, version, outcome } of verdicts) {
      const entry = this.#list.get(key);
      if (entry === undefined || entry.version !== version) continue;
      try {
        const refusal = outcome.ok ? this.#send(outcome.value, turn) : outcome.refusal;
        if (refusal === undefined) this.#remove(key);
        else this.#refused(entry, refusal, turn.now);
      } catch (error) {
        this.#failed(entry, error, turn.now);
      }
    }
  }

  #giveOut({ key, version }: ScheduleEntry, turn: Turn): void {
    const message = this.#read(key);
    // It was refused a week ago, or its row is gone.
    if (message === undefined || message.error !== undefined) this.#remove(key);
    else turn.due.push({ key, version, actor: actorOfWaiting(message), input: inputOfWaiting(message) });
  }

  /** Why it could not be sent, if so. One that is stored already counts as sent. */
  #send({ actor, input, asked }: DueSending, turn: Turn): Refusal | undefined {
    const { moderation, allowances, publisher } = this.#rules;
    const cost = asked === undefined ? 1 + (input.mentions?.length ?? 0) : 0;
    const refusal = moderation.refusalFor(actor, turn.now) ?? allowances.take(actor.identity, cost, turn.now);
    if (refusal !== undefined) return refusal;
    const published = publisher.publish(actor, asked === undefined ? input : { ...input, asked }, turn);
    return published.ok ? undefined : published.refusal;
  }

  /** What is too fast waits, what may pass is tried again for a day, and anything else is listed with its error. */
  #refused(entry: ScheduleEntry, refusal: Refusal, now: number): void {
    const { retryAfterMs = AGAIN_MS } = refusal;
    const message = this.#read(entry.key);
    if (message === undefined) this.#remove(entry.key);
    else if (refusal.code === "rate_limited") this.#list.putOff(entry, now + retryAfterMs);
    else if (PASSING.includes(refusal.code) && sinceMs(message.failingSince ?? now, now) < DAY_MS) {
      const { failingSince = now } = message;
      if (message.failingSince === undefined)
        this.#rules.schedule.write(entry.key, entry.dueAt, encodeWaiting({ ...message, failingSince }));
      this.#list.putOff(entry, now + this.#backOffMs(entry));
    } else {
      const { retryAfterMs: _, ...error } = refusal;
      this.#put(entry.key, { ...message, failingSince: undefined, error }, now + LISTED_MS);
      const user = message.author?.user.id ?? null;
      this.#rules.journal.add({ kind: "refused", refusal: error, command: "scheduled", user });
    }
  }

  #failed(entry: ScheduleEntry, error: unknown, now: number): void {
    this.#list.putOff(entry, now + this.#backOffMs(entry));
    this.#rules.reportFault(error);
  }

  #backOffMs({ tries }: ScheduleEntry): number {
    return Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** Math.min(tries, 10)) * (0.5 + 0.5 * this.#rules.random());
  }

  /** The message, if `actor` may see it. Of several with this id server code gets its own, then the next one to be sent. */
  #find(
    actor: Actor,
    id: string,
  ): Outcome<{ readonly entry: ScheduleEntry; readonly message: WaitingMessage }> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const user = userOf(actor.identity)?.id;
    const named = this.#list.all.filter((entry) => entry.id === id);
    const entry =
      user === undefined
        ? (named.find(({ byServer }) => byServer) ?? named[0])
        : named.find(({ author, byServer }) => !byServer && author === user);
    const message = entry && this.#read(entry.key);
    return entry === undefined || message === undefined ? reject(NO_SUCH) : accept({ entry, message });
  }

  #read(key: string): WaitingMessage | undefined {
    const body = this.#rules.schedule.body(key);
    return body === undefined ? undefined : decodeWaiting(body);
  }

  /** Writes it, or says why it has no place. */
  #write(key: string, message: WaitingMessage, dueAt: number): Refusal | undefined {
    const user = message.author?.user.id ?? null;
    const refusal = this.#list.refusalFor(user, utf8Length(encodeWaiting(message)), key);
    if (refusal === undefined) this.#put(key, message, dueAt);
    return refusal;
  }

  #put(key: string, message: WaitingMessage, dueAt: number): void {
    const body = encodeWaiting(message);
    this.#rules.schedule.write(key, dueAt, body);
    this.#list.put(key, dueAt, utf8Length(body));
  }

  #remove(key: string): void {
    this.#rules.schedule.remove(key);
    this.#list.remove(key);
  }
}
