import {
  type Answer,
  type Append,
  type Command,
  DEFAULT_HISTORY,
  isRecord,
  MAX_EVENTS_PAGE,
  NOTIFICATIONS_RESULT,
  PAGE,
  parseCursor,
  type Stream,
} from "../../src/protocol/index.ts";
import { type ConnectionEnd, lost } from "../connection/transport/connection-end.ts";
import type { OpenRequest } from "../connection/transport/transport.ts";
import { RoomsError, refusalError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { type Connected, fits } from "../util/wire.ts";
import type { LogBuffer } from "./log-buffer.ts";
import type { LogKey } from "./tab-message.ts";

/** When the server refuses a page as too soon, and does not say for how long. */
const PAGE_AGAIN_MS = 1_000;

/** The connection that the tabs share, as a replay sees it. */
export interface ReplayPort {
  readonly log: LogBuffer;
  readonly head: number;
  /** As live tabs have them. */
  readonly openMessages: readonly (Append | Stream)[];
  newId(): string;
  after(delayMs: number, fn: () => void): Cancel;
  /** The answer comes in its place on the wire; `undefined`: the connection is lost, and all links end. */
  request(command: Command & { readonly id: string }, onAnswer: (answer: Answer | undefined) => void): void;
  /** As the server would greet now; `undefined`: it has not greeted. */
  greeting(recovery: Connected["recovery"]): Connected | undefined;
}

export interface ReplayEvents {
  give(frames: readonly unknown[]): void;
  onLive(): void;
  onEnd(end: ConnectionEnd): void;
}

/** What one tab missed, from its cursor to the head: first what only the server has, page by page, then what is buffered. */
export class ReplayOfTab {
  readonly #port: ReplayPort;
  readonly #key: LogKey;
  readonly #request: OpenRequest;
  readonly #events: ReplayEvents;
  #floor: number | undefined;
  #isGreeted = false;
  #isOver = false;
  #cancelWait: Cancel = () => {};

  constructor(port: ReplayPort, key: LogKey, request: OpenRequest, events: ReplayEvents) {
    this.#port = port;
    this.#key = key;
    this.#request = request;
    this.#events = events;
  }

  start(): void {
    const { since } = this.#request;
    const cursor = since === undefined ? undefined : parseCursor(since);
    if (since === undefined) this.#latest("none");
    else if (cursor?.epoch !== this.#port.greeting("none")?.epoch || (cursor?.seq ?? 0) > this.#port.head)
      this.#latest("lost");
    else this.#after(cursor?.seq ?? 0);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelWait();
  }

  #after(seq: number): void {
    const events = this.#port.log.after(seq);
    if (events !== undefined) {
      this.#finish("complete", events);
      return;
    }
    const command = { type: "history", after: seq, limit: MAX_EVENTS_PAGE } as const;
    this.#ask(
      command,
      () => this.#after(seq),
      (answer) => {
        if (answer.type === "error" && answer.code === "not_found" && !this.#isGreeted) {
          this.#latest("lost");
          return;
        }
        const page = answer.type === "ok" && fits(PAGE, answer) ? answer : undefined;
        const found: unknown = page === undefined ? undefined : (page.events ?? []);
        const isStuck = page !== undefined && page.seq <= seq && this.#port.log.after(page.seq) === undefined;
        if (page === undefined || !Array.isArray(found) || isStuck) return this.#fail(answer);
        this.#floor = page.floor ?? this.#floor;
        this.#give("complete", found.filter(isRecord));
        this.#after(page.seq);
      },
    );
  }

  /** As a newcomer gets. */
  #latest(recovery: "none" | "lost"): void {
    const { history = DEFAULT_HISTORY } = this.#request;
    const events = history === 0 ? [] : this.#port.log.latest(history);
    if (events !== undefined) {
      this.#finish(recovery, events);
      return;
    }
    const type = this.#key.kind === "inbox" ? "notifications" : "history";
    this.#ask(
      { type, limit: history },
      () => this.#latest(recovery),
      (answer) => {
        if (answer.type === "ok" && fits(NOTIFICATIONS_RESULT, answer)) {
          const { unread, notifications } = answer;
          this.#finish(
            recovery,
            notifications.map((notification) => ({ ...notification, unread })),
          );
        } else if (answer.type === "ok" && fits(PAGE, answer)) this.#finish(recovery, answer.messages ?? []);
        else this.#fail(answer);
      },
    );
  }

  /** `again` after a refusal that a wait helps against. */
  #ask(
    command:
      | { type: "history"; after?: number; limit: number }
      | { type: "notifications" | "history"; limit: number },
    again: () => void,
    onAnswer: (answer: Answer) => void,
  ): void {
    this.#port.request({ ...command, id: this.#port.newId() }, (answer) => {
      if (this.#isOver || answer === undefined) return;
      if (answer.type === "error" && answer.code === "rate_limited")
        this.#cancelWait = this.#port.after(answer.retryAfterMs ?? PAGE_AGAIN_MS, again);
      else onAnswer(answer);
    });
  }

  #finish(recovery: Connected["recovery"], events: readonly object[]): void {
    this.#give(recovery, events);
    const floor = this.#floor === undefined ? {} : { floor: this.#floor };
    this.#events.give([{ type: "caughtUp", seq: this.#port.head, ...floor }, ...this.#port.openMessages]);
    this.#events.onLive();
  }

  #give(recovery: Connected["recovery"], events: readonly object[]): void {
    const greeting = this.#isGreeted ? undefined : this.#port.greeting(recovery);
    this.#isGreeted = true;
    this.#events.give(greeting === undefined ? events : [greeting, ...events]);
  }

  #fail(answer: Answer): void {
    this.#events.onEnd(lost(answer.type === "error" ? refusalError(answer) : new RoomsError("internal")));
  }
}
