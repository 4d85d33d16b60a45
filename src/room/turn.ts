// The part of a flush in which what arrived takes effect, in order.

import { type Actor, type Identity, userOf } from "../access/identity.ts";
import { includes } from "../access/room-permission.ts";
import { errorAnswer, FAILED, NOT_YOURS, okAnswer } from "../object/answers.ts";
import type { Departure } from "../object/close-codes.ts";
import { hasExpired } from "../object/liveness.ts";
import type { Spending } from "../object/spending.ts";
import { CALL, FRAME, READ } from "../object/spending.ts";
import type { Closing, Outcome, Refusal } from "../protocol/index.ts";
import { costOf } from "./command-cost.ts";
import type { Delivery } from "./delivery.ts";
import type { PageBudget } from "./page-budget.ts";
import { type Allowances, priceOf } from "./people/allowances.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { Applied, AppliedCommand, Late, RoomCommands } from "./room-commands.ts";

/** What waits for the next flush. */
export type Work =
  | { readonly kind: "command"; readonly connection: RoomConnection; readonly command: AppliedCommand }
  /** What was no command. */
  | {
      readonly kind: "refused";
      readonly connection: RoomConnection;
      readonly id?: string;
      readonly refusal: Refusal;
    }
  /** `auth`, paid for, and its token checked. */
  | {
      readonly kind: "auth";
      readonly connection: RoomConnection;
      readonly id: string;
      readonly outcome: Outcome<Actor>;
    }
  | { readonly kind: "leave"; readonly connection: RoomConnection; readonly departure: Departure }
  | Call;

/** A call over HTTP: what it does gets its place in the one order too. */
export interface Call {
  readonly kind: "call";
  readonly actor: Actor;
  /** In tokens of the user's bucket; server code pays nothing. */
  readonly cost: number;
  run(delivery: Delivery, now: number): void;
  refused(refusal: Refusal): void;
}

export interface TurnPorts {
  readonly commands: RoomCommands;
  readonly allowances: Allowances;
  readonly spending: Spending;
  /** Past its first frames. */
  isOpen(connection: RoomConnection): boolean;
  /** Gets its first frames at the end of this flush. */
  isJoining(connection: RoomConnection): boolean;
  leave(connection: RoomConnection, departure: Departure): void;
  /** Closes without another word. */
  drop(connection: RoomConnection, closing: Closing): void;
  /** Closes after what happened before: it may have been answered in this flush. */
  dismiss(connection: RoomConnection, closing: Closing): void;
  /** Why this actor is kept out of the room, if so. */
  bars(actor: Actor): Refusal | undefined;
  /** Whether it has to wait until the permission of its connection is known again; then it is kept elsewhere. */
  keeps(work: Exclude<Work, Call>): boolean;
  /** A connection has another token, and what that allows. */
  renew(connection: RoomConnection, actor: Actor): void;
  reportFault(error: unknown): void;
}

/** A command that is answered last. */
export type LateCommand = Late & {
  readonly id: string | undefined;
  /** In tokens: what was taken for it before it was known what it looks at. */
  readonly paid: number;
};
export type LateCommands = ReadonlyMap<RoomConnection, LateCommand>;

const DONE: Applied = { kind: "done" };
const refused = (refusal: Refusal): Applied => ({ kind: "refused", refusal });

export class Turn {
  readonly #ports: TurnPorts;
  readonly #delivery: Delivery;
  readonly #now: number;
  /** Connections with a command that is answered last: what they sent after it has to wait. */
  readonly #late: Map<RoomConnection, LateCommand>;

  /** `carried` are those that the flush before left to this one. */
  constructor(ports: TurnPorts, carried: LateCommands, delivery: Delivery, now: number) {
    this.#ports = ports;
    this.#late = new Map(carried);
    this.#delivery = delivery;
    this.#now = now;
  }

  /** Applies what it can, and answers what has to wait for the next flush. */
  take(queue: readonly Work[]): Work[] {
    const waiting: Work[] = [];
    // Connections that spoke before their first frames; if they leave, that waits too.
    const early = new Set<RoomConnection>();
    for (const work of queue) {
      if (work.kind === "call") this.#call(work);
      else if (this.#ports.keeps(work)) continue;
      else if (this.#late.has(work.connection) || early.has(work.connection)) {
        waiting.push(work);
        // A page is of no use to one that has gone, and what it said after it shall not wait for it.
        if (work.kind === "leave") this.#late.delete(work.connection);
      } else if (work.kind === "leave") this.#ports.leave(work.connection, work.departure);
      else if (this.#ports.isOpen(work.connection)) this.#answer(work);
      else if (this.#ports.isJoining(work.connection)) {
        early.add(work.connection);
        waiting.push(work);
      }
    }
    return waiting;
  }

  /** How many connections wait for a page. */
  get pages(): number {
    return Array.from(this.#late.values()).filter(({ kind }) => kind === "page").length;
  }

  /**
   * Answers the commands that take effect after everything else of this flush has gone out. Those whose page does not
   * fit in `budget` are left to the next flush.
   */
  finish(budget: PageBudget): LateCommands {
    const left = new Map<RoomConnection, LateCommand>();
    for (const [connection, command] of this.#late) {
      if (!this.#ports.isOpen(connection)) continue;
      if (command.kind === "page" && this.#isUnpaid(connection, command)) continue;
      const maxBytes = command.kind === "page" ? budget.grant("answers", connection, this.#now) : 0;
      if (maxBytes === undefined) {
        left.set(connection, command);
        continue;
      }
      const finish = () => {
        if (command.kind === "late") {
          command.finish();
          return;
        }
        const sent = command.send(maxBytes);
        budget.spent("answers", connection, sent.bytes, this.#now);
        const { identity } = connection;
        this.#ports.allowances.charge(identity, priceOf(identity, sent) - command.paid, this.#now);
      };
      if (this.#shield(finish) === "failed") connection.socket.send(errorAnswer(command.id, FAILED));
    }
    return left;
  }

  /** Another page, perhaps of another connection, has cost so much meanwhile that this one is refused unread. */
  #isUnpaid(connection: RoomConnection, { id, paid }: LateCommand): boolean {
    const refusal = this.#ports.allowances.refuses(connection.identity, 0, this.#now);
    if (refusal === undefined) return false;
    this.#ports.allowances.charge(connection.identity, -paid, this.#now);
    const closing = connection.refusals.refused(refusal.code, this.#now);
    if (closing !== undefined) this.#ports.drop(connection, closing);
    else connection.socket.send(errorAnswer(id, refusal));
    return true;
  }

  #call(call: Call): void {
    const user = userOf(call.actor.identity);
    if (user !== null) this.#ports.spending.add(user.id, CALL);
    const run = () => {
      const refusal = this.#ports.bars(call.actor) ?? this.#charge(call.actor.identity, call.cost);
      if (refusal !== undefined) call.refused(refusal);
      else call.run(this.#delivery, this.#now);
    };
    if (this.#shield(run) === "failed") call.refused(FAILED);
  }

  #answer(work: Exclude<Work, { kind: "leave" | "call" }>): void {
    const { connection } = work;
    connection.backlog.taken();
    if (hasExpired(connection.identity, this.#now)) {
      this.#ports.drop(connection, { code: "token_expired" });
      return;
    }
    const { user } = connection;
    if (user !== null) this.#ports.spending.add(user.id, isRead(work) ? FRAME + READ : FRAME);
    if (work.kind === "refused") {
      this.#refuse(connection, work.id, work.refusal);
      return;
    }
    connection.refusals.wellFormed();
    const id = work.kind === "auth" ? work.id : work.command.id;
    const applied = this.#shield(() => (work.kind === "auth" ? this.#reauthorize(work) : this.#apply(work)));
    if (applied === "failed") this.#refuse(connection, id, FAILED);
    else if (applied.kind === "refused") this.#refuse(connection, id, applied.refusal);
    else if (applied.kind !== "done") {
      const paid = work.kind === "auth" ? 1 : costOf(connection.identity, work.command);
      this.#late.set(connection, { ...applied, id, paid });
    }
  }

  #apply({ connection, command }: Extract<Work, { kind: "command" }>): Applied {
    // It is a sign of life also where its answer is refused.
    if (command.type === "ping") connection.pinged(this.#now);
    const refusal = this.#charge(connection.identity, costOf(connection.identity, command));
    if (refusal !== undefined) return refused(refusal);
    return this.#ports.commands.apply(connection, command, this.#delivery, this.#now);
  }

  #reauthorize({ connection, id, outcome }: Extract<Work, { kind: "auth" }>): Applied {
    const { user } = connection;
    // An anonymous connection stays one, whatever the token.
    if (user === null) return refused(NOT_YOURS);
    if (!outcome.ok) return refused(outcome.refusal);
    const { identity, permission, permissionUntil } = outcome.value;
    if (identity.kind !== "user" || identity.user.id !== user.id) return refused(NOT_YOURS);
    const barred = this.#ports.bars(outcome.value);
    if (barred !== undefined) return refused(barred);
    if (!includes(permission, "read")) {
      this.#ports.dismiss(connection, { code: "forbidden" });
      return DONE;
    }
    // Expiry and permission are new; name and picture are those that the others have seen join.
    const renewed = { identity: { ...identity, user }, permission };
    this.#ports.renew(connection, permissionUntil === undefined ? renewed : { ...renewed, permissionUntil });
    this.#delivery.answer(connection, okAnswer(id, { expiresAt: identity.expiresAt, permission }));
    return DONE;
  }

  #charge(identity: Identity, cost: number): Refusal | undefined {
    return this.#ports.allowances.take(identity, cost, this.#now);
  }

  #refuse(connection: RoomConnection, id: string | undefined, refusal: Refusal): void {
    const closing = connection.refusals.refused(refusal.code, this.#now);
    if (closing !== undefined) this.#ports.dismiss(connection, closing);
    else this.#delivery.answer(connection, errorAnswer(id, refusal));
  }

  /** A fault ends its command only: nothing of it was stored, and the room goes on. */
  #shield<T>(run: () => T): T | "failed" {
    try {
      return run();
    } catch (error) {
      this.#ports.reportFault(error);
      return "failed";
    }
  }
}

const isRead = (work: Work): boolean => work.kind === "command" && work.command.type === "read";
