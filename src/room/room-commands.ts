// What each command of a connection does. One `case` a command; the answer goes out with the flush.

import { errorAnswer, okAnswer, pageAnswer, pagedToTheEnd, pong, RETIRED } from "../object/answers.ts";
import { encodeData, presenceRefusal } from "../object/encode-data.ts";
import {
  DEFAULT_HISTORY,
  type HistoryCommand,
  MAX_EVENTS_PAGE,
  type PresenceCommand,
  pageBytesOf,
  type ReadCommand,
  type Refusal,
  type RoomCommand,
  refuse,
  type SendCommand,
} from "../protocol/index.ts";
import type { ChangeInput, Changes } from "./changes.ts";
import type { Delivery } from "./delivery.ts";
import type { Page, PageSize } from "./log/log-page.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { PageBudget } from "./page-budget.ts";
import { pageRowsOf, type Reading } from "./people/allowances.ts";
import type { Receipts } from "./people/receipts.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { Publisher } from "./publisher.ts";

/** `auth` is not among them: its token is checked before, by the shell. */
export type AppliedCommand = Exclude<RoomCommand, { type: "auth" }>;

/**
 * Done with; refused; or to be answered after everything of this flush has gone out, so that it holds from there on.
 * What the same connection sent after a late one waits until that is answered.
 */
export type Applied =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | Late;

export type Late =
  | { readonly kind: "late"; readonly finish: () => void }
  /** Perhaps a later flush sends it, as pages take memory. Answers what it looked at and sent. */
  | { readonly kind: "page"; readonly send: (maxBytes: number) => Reading };

export interface RoomRules {
  readonly log: RoomLog;
  readonly publisher: Publisher;
  readonly changes: Changes;
  readonly receipts: Receipts;
  readonly roomPresence: RoomPresence;
  readonly pages: PageBudget;
}

const DONE: Applied = { kind: "done" };
const refused = (refusal: Refusal): Applied => ({ kind: "refused", refusal });
const ONLY_READS = refuse("forbidden", "anonymous readers only read");
const OF_ANYBODY: ReadonlySet<RoomCommand["type"]> = new Set(["history", "topics", "ping"] as const);

export class RoomCommands {
  readonly #rules: RoomRules;

  constructor(rules: RoomRules) {
    this.#rules = rules;
  }

  apply(connection: RoomConnection, command: AppliedCommand, delivery: Delivery, now: number): Applied {
    const { actor } = connection.state;
    if (actor.identity.kind === "anonymous" && !OF_ANYBODY.has(command.type)) return refused(ONLY_READS);
    switch (command.type) {
      case "send":
        return this.#send(connection, command, delivery, now);
      case "edit": {
        const data = encodeData(command.data);
        if (!data.ok) return refused(data.refusal);
        const edit = { type: "edit", seq: command.seq, data: data.value } as const;
        return this.#change(connection, command.id, edit, delivery, now);
      }
      case "delete":
      case "react":
        return this.#change(connection, command.id, command, delivery, now);
      case "signal": {
        const data = encodeData(command.data);
        if (!data.ok) return refused(data.refusal);
        const { event, to } = command;
        const outcome = this.#rules.publisher.signal(
          actor,
          { event, to, data: data.value },
          delivery,
          now,
          connection,
        );
        return outcome.ok ? DONE : refused(outcome.refusal);
      }
      case "read":
        return this.#read(connection, command, now);
      case "presence":
        return this.#presence(connection, command, delivery);
      case "topics":
        return { kind: "late", finish: () => this.#topics(connection, command.id, command.topics) };
      case "history":
        return this.#history(connection, command);
      case "ping": {
        delivery.answer(connection, pong(command.id, now));
        return DONE;
      }
    }
  }

  #send(connection: RoomConnection, command: SendCommand, delivery: Delivery, now: number): Applied {
    const { type: _, data: said, echo, ...draft } = command;
    const { id } = draft;
    const data = encodeData(said);
    if (!data.ok) return refused(data.refusal);
    // While a long replay is being paged the event comes in its page, so nothing stands in its place here.
    const inPlace = echo === false && connection.state.stage.at === "live";
    const outcome = this.#rules.publisher.send(
      connection.state.actor,
      { ...draft, data: data.value },
      delivery,
      now,
      inPlace ? (result) => ({ on: connection, answer: okAnswer(id, result) }) : undefined,
    );
    if (!outcome.ok) return refused(outcome.refusal);
    const stoodInPlace = inPlace && outcome.value.duplicate === undefined;
    if (!stoodInPlace) delivery.answer(connection, okAnswer(id, outcome.value));
    return DONE;
  }

  #change(
    connection: RoomConnection,
    id: string,
    change: ChangeInput,
    delivery: Delivery,
    now: number,
  ): Applied {
    const outcome = this.#rules.changes.apply(connection.state.actor, change, delivery, now);
    if (!outcome.ok) return refused(outcome.refusal);
    delivery.answer(connection, okAnswer(id, outcome.value));
    return DONE;
  }

  #read(connection: RoomConnection, { id, seq }: ReadCommand, now: number): Applied {
    const { user } = connection;
    if (user === null) return refused(ONLY_READS);
    const { receipts } = this.#rules;
    receipts.read(user.id, seq, now);
    // Counted when it is answered: all events of this flush come before.
    return { kind: "late", finish: () => connection.socket.send(okAnswer(id, receipts.of(user.id))) };
  }

  #presence(connection: RoomConnection, { id, status, data }: PresenceCommand, delivery: Delivery): Applied {
    const refusal = presenceRefusal({ data });
    if (refusal !== undefined) return refused(refusal);
    this.#rules.roomPresence.update(connection, {
      ...(status !== undefined && { status }),
      ...(data !== undefined && { data }),
    });
    delivery.answer(connection, okAnswer(id));
    return DONE;
  }

  #topics(connection: RoomConnection, id: string, topics: readonly string[] | null): void {
    connection.update({ topics });
    const { stage } = connection.state;
    const seq = stage.at === "paging" ? stage.after : this.#rules.log.head;
    connection.socket.send(okAnswer(id, { topics, seq }));
  }

  /** Made when it is answered: all events before it have come, and of what a client does not hold it ignores them. */
  #history(connection: RoomConnection, command: HistoryCommand): Applied {
    const { id, before, after, limit } = command;
    if (after === undefined) {
      const count = limit ?? DEFAULT_HISTORY;
      return {
        kind: "page",
        send: (maxBytes) => this.#olderPage(connection, id, before, { limit: count, maxBytes }),
      };
    }
    if (!this.#rules.log.holdsAfter(after)) return refused(RETIRED);
    const count = limit ?? MAX_EVENTS_PAGE;
    return {
      kind: "page",
      send: (maxBytes) => this.#nextPage(connection, id, after, { limit: count, maxBytes }),
    };
  }

  #olderPage(connection: RoomConnection, id: string, before: number | undefined, wanted: PageSize): Reading {
    const { log, pages } = this.#rules;
    const { topics } = connection.state;
    const size = fitting(wanted, connection);
    const upTo = before ?? log.head + 1;
    const page = pages.once(JSON.stringify(["before", upTo, topics, size]), () =>
      log.messagesBefore(upTo, topics, size),
    );
    return send(connection, page, pageAnswer(id, "messages", page, { seq: page.seq }));
  }

  /** Perhaps the next part of a long replay; after the last one the connection is live. */
  #nextPage(connection: RoomConnection, id: string, after: number, wanted: PageSize): Reading {
    const { log, pages } = this.#rules;
    const { stage, topics } = connection.state;
    // What was stored since it was asked for may have retired it.
    if (!log.holdsAfter(after)) return send(connection, NOTHING, errorAnswer(id, RETIRED));
    const replay = stage.at === "paging" && stage.after === after ? stage : undefined;
    const size = fitting(wanted, connection);
    const page = pages.once(JSON.stringify(["after", after, topics, size, replay?.told]), () =>
      log.eventsAfter(after, topics, size, replay?.told),
    );
    if (replay !== undefined) {
      connection.update({ stage: page.more ? { ...replay, after: page.seq } : { at: "live" } });
    }
    const { floor } = log;
    const reading = send(connection, page, pageAnswer(id, "events", page, { seq: page.seq, floor }));
    if (replay !== undefined && !page.more) connection.socket.send(pagedToTheEnd(page.seq, floor));
    return reading;
  }
}

const fitting = ({ limit, maxBytes }: PageSize, { frameBytes, identity }: RoomConnection): PageSize => ({
  limit,
  maxBytes: Math.min(maxBytes, pageBytesOf(frameBytes)),
  rows: pageRowsOf(identity),
});

const NOTHING = { looked: 0 };

/** In bytes about. */
function send(connection: RoomConnection, { looked }: Pick<Page, "looked">, frame: string): Reading {
  connection.socket.send(frame);
  return { rows: looked, bytes: frame.length };
}
