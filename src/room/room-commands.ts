// What each command of a connection does. One `case` a command; the answer goes out with the flush.

import {
  DEFAULT_HISTORY,
  type HistoryCommand,
  MAX_EVENTS_PAGE,
  type PresenceCommand,
  type ReadCommand,
  type Refusal,
  type RoomCommand,
  refuse,
  type SendCommand,
} from "../protocol/index.ts";
import { caughtUp, errorAnswer, okAnswer, pageAnswer, pong } from "../realtime/answers.ts";
import { encodeData } from "../realtime/encode-data.ts";
import { presenceMisfit } from "../realtime/presence.ts";
import { RETIRED } from "../realtime/refusals.ts";
import type { Attendance } from "./attendance.ts";
import type { ChangeInput, Changes } from "./changes.ts";
import type { Delivery } from "./delivery.ts";
import type { Posts } from "./posts.ts";
import type { Receipts } from "./receipts.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { RoomLog } from "./room-log.ts";

/** `auth` is not among them: its token is checked before, by the shell. */
export type AppliedCommand = Exclude<RoomCommand, { type: "auth" }>;

/**
 * Done with; refused; or to be answered after everything of this flush has gone out, so that it holds from there on.
 * What the same connection sent after a `late` one waits for the next flush.
 */
export type Applied =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "late"; readonly finish: () => void };

export interface RoomRules {
  readonly log: RoomLog;
  readonly posts: Posts;
  readonly changes: Changes;
  readonly receipts: Receipts;
  readonly attendance: Attendance;
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
        const outcome = this.#rules.posts.signal(
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
        connection.pinged(now);
        delivery.answer(connection, pong(command.id, now));
        return DONE;
      }
    }
  }

  #send(connection: RoomConnection, command: SendCommand, delivery: Delivery, now: number): Applied {
    const { id, event, replyTo, mentions, retryOf, echo } = command;
    const data = encodeData(command.data);
    if (!data.ok) return refused(data.refusal);
    // While a long replay is being paged the event comes in its page, so nothing stands in its place here.
    const inPlace = echo === false && connection.state.stage.at === "live";
    const outcome = this.#rules.posts.send(
      connection.state.actor,
      { id, event, data: data.value, replyTo, mentions, retryOf },
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
    const misfit = presenceMisfit({ data });
    if (misfit !== undefined) return refused(misfit);
    this.#rules.attendance.update(connection, {
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

  /** Made when it is answered: all events of this flush come before, and of what a client does not hold it ignores them. */
  #history(connection: RoomConnection, command: HistoryCommand): Applied {
    const { id, before, after, limit } = command;
    if (after === undefined) {
      return {
        kind: "late",
        finish: () => this.#olderPage(connection, id, before, limit ?? DEFAULT_HISTORY),
      };
    }
    if (!this.#rules.log.holdsAfter(after)) return refused(RETIRED);
    return { kind: "late", finish: () => this.#nextPage(connection, id, after, limit ?? MAX_EVENTS_PAGE) };
  }

  #olderPage(connection: RoomConnection, id: string, before: number | undefined, count: number): void {
    const { log } = this.#rules;
    const page = log.messagesBefore(before ?? log.head + 1, connection.state.topics, count);
    connection.socket.send(pageAnswer(id, "messages", page, { seq: page.seq }));
  }

  /** Perhaps the next part of a long replay; after the last one the connection is live. */
  #nextPage(connection: RoomConnection, id: string, after: number, count: number): void {
    const { log } = this.#rules;
    const { stage, topics } = connection.state;
    // What was stored in this very flush may have retired it.
    if (!log.holdsAfter(after)) {
      connection.socket.send(errorAnswer(id, RETIRED));
      return;
    }
    const replay = stage.at === "paging" && stage.after === after ? stage : undefined;
    const page = log.eventsAfter(after, topics, count, replay?.told);
    if (replay !== undefined) {
      connection.update({ stage: page.more ? { ...replay, after: page.seq } : { at: "live" } });
    }
    connection.socket.send(pageAnswer(id, "events", page, { seq: page.seq }));
    if (replay !== undefined && !page.more) connection.socket.send(caughtUp(page.seq));
  }
}
