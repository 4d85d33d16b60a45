// The part of a flush in which what arrived takes effect, in order.

import { type Identity, userOf } from "../access/identity.ts";
import { includes } from "../access/room-permission.ts";
import { errorAnswer, FAILED, NOT_YOURS, okAnswer, TAKEN_BY_TOKEN } from "../object/answers.ts";
import { hasExpired } from "../object/liveness.ts";
import { CALL, FRAME, type Spending } from "../object/spending.ts";
import type { Refusal } from "../protocol/index.ts";
import { type Connections, EXPIRED } from "./connections.ts";
import type { LastFrame } from "./delivery.ts";
import type { Moderation } from "./moderation.ts";
import type { PageBudget } from "./page-budget.ts";
import { type Allowances, priceOf } from "./people/allowances.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { Permits } from "./permits.ts";
import { type Applied, applyCommand, type CommandRules, costOf, DONE, refused } from "./room-commands.ts";
import type { Turn } from "./turn.ts";
import type { Call, LateCommand, Work } from "./work.ts";

/** So much of it waits at most, as a connection is closed for which far more waits. */
const MAX_PATIENT = 64;

export interface WorkRules extends CommandRules {
  readonly connections: Connections;
  readonly moderation: Moderation;
  readonly permits: Permits;
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly pages: PageBudget;
  reportFault(error: unknown): void;
}

/** What a connection sent. */
type Sent = Exclude<Work, { kind: "leave" | "call" }>;

export class WorkQueue {
  readonly #rules: WorkRules;
  #queue: Work[] = [];
  /** Connections with a command that is answered last: what they sent after it has to wait. */
  #late = new Map<RoomConnection, LateCommand>();

  constructor(rules: WorkRules) {
    this.#rules = rules;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#late.size === 0;
  }

  /**
   * Until when everything that waits can wait, in milliseconds: appends that nobody would be sent before. `null`: nothing
   * waits, or something that must not wait.
   */
  get waitsUntil(): number | null {
    if (this.#late.size > 0 || this.#queue.length === 0 || this.#queue.length > MAX_PATIENT) return null;
    let until = Number.POSITIVE_INFINITY;
    for (const work of this.#queue) {
      // One with an `id` waits for its answer.
      if (work.kind !== "command" || work.command.type !== "append" || work.command.id !== undefined)
        return null;
      until = Math.min(
        until,
        this.#rules.streams.nextDeliveryAt(work.command.seq) ?? Number.NEGATIVE_INFINITY,
      );
    }
    return until;
  }

  /** Whether something that a connection sent waits, here or for its permission. */
  isBusyWith(connection: RoomConnection): boolean {
    return this.#late.has(connection) || !connection.backlog.isEmpty;
  }

  /** How many connections wait for a page. */
  get pages(): number {
    let pages = 0;
    for (const { kind } of this.#late.values()) if (kind === "page") pages++;
    return pages;
  }

  add(work: Work): void {
    if (work.kind !== "call" && work.kind !== "leave") work.connection.backlog.queued(isAppend(work));
    this.#queue.push(work);
  }

  /** Applies what it can; the rest waits for the next flush. What waited for a permission comes first. */
  apply(turn: Turn): void {
    this.#resume(turn.now);
    const { connections, permits } = this.#rules;
    const queue = this.#queue;
    const waiting: Work[] = [];
    this.#queue = waiting;
    // Connections that spoke before their first frames; if they leave, that waits too.
    const early = new Set<RoomConnection>();
    for (const work of queue) {
      if (work.kind === "call") this.#call(work, turn);
      else if (permits.keepsWork(work, turn.now)) continue;
      else if (this.#late.has(work.connection) || early.has(work.connection)) {
        waiting.push(work);
        // A connection that is gone needs no page, and what it sent behind the command must not wait for one.
        if (work.kind === "leave") this.#late.delete(work.connection);
      } else if (work.kind === "leave") connections.leave(work.connection, work.departure, turn.now);
      else if (connections.isOpen(work.connection)) this.#answer(work, turn);
      else if (connections.isJoining(work.connection)) {
        early.add(work.connection);
        waiting.push(work);
      }
    }
  }

  /** Answers the commands that are answered last. Those whose page does not fit in the budget wait for the next flush. */
  answerLast(turn: Turn): void {
    const { connections, pages } = this.#rules;
    const left = new Map<RoomConnection, LateCommand>();
    for (const [connection, command] of this.#late) {
      if (!connections.isOpen(connection)) continue;
      if (command.kind === "page" && this.#isUnpaid(connection, command, turn)) continue;
      const maxBytes = command.kind === "page" ? pages.grant("answers", connection, turn.now) : 0;
      if (maxBytes === undefined) left.set(connection, command);
      else turn.delivery.last(connection, () => this.#framesOf(connection, command, maxBytes, turn));
    }
    this.#late = left;
  }

  #framesOf(
    connection: RoomConnection,
    command: LateCommand,
    maxBytes: number,
    { now }: Turn,
  ): readonly LastFrame[] {
    const { pages, allowances } = this.#rules;
    const made = this.#shield(() => {
      const isPage = command.kind === "page";
      const { frames, rows } = isPage ? command.make(maxBytes) : { frames: command.make(), rows: 0 };
      // Open messages may follow other topics, too.
      const bytes = frames.reduce((sum, { length }) => sum + length, 0);
      if (isPage) pages.spent("answers", connection, bytes, now);
      const { identity } = connection;
      allowances.charge(identity, priceOf(identity, { rows, bytes }) - command.paid, now);
      return frames;
    });
    if (made !== "failed") return made;
    this.#rules.journal.add({ kind: "refused", refusal: FAILED, ...connection.whom });
    return [errorAnswer(command.id, FAILED)];
  }

  #resume(now: number): void {
    const { permits, connections } = this.#rules;
    if (permits.hasWork) {
      for (const verdict of permits.verdicts(now)) connections.settle(verdict, now);
      const { works, late } = permits.free();
      this.#queue = [...works, ...this.#queue];
      this.#late = new Map([...this.#late, ...late]);
    }
    if (this.#late.size > 0) this.#late = permits.keepLate(this.#late, now);
  }

  /** Another page, perhaps of another connection, has cost so much meanwhile that this one is refused unread. */
  #isUnpaid(connection: RoomConnection, { id, paid }: LateCommand, { now, delivery }: Turn): boolean {
    const { allowances, connections } = this.#rules;
    const refusal = allowances.refusalFor(connection.identity, 0, now);
    if (refusal === undefined) return false;
    allowances.charge(connection.identity, -paid, now);
    const closing = connection.refusals.refused(refusal.code, now);
    if (closing !== undefined) connections.drop(connection, closing, now);
    else delivery.last(connection, () => [errorAnswer(id, refusal)]);
    this.#rules.journal.add({ kind: "refused", refusal, command: "history", ...connection.whom });
    return true;
  }

  #call(call: Call, turn: Turn): void {
    const { spending, moderation } = this.#rules;
    const user = userOf(call.actor.identity);
    if (user !== null) spending.add(user.id, CALL);
    const run = () => {
      const refusal =
        moderation.refusalFor(call.actor, turn.now) ?? this.#charge(call.actor.identity, call.cost, turn);
      if (refusal !== undefined) call.refused(refusal);
      else call.run(turn);
    };
    if (this.#shield(run) === "failed") call.refused(FAILED);
  }

  #answer(work: Sent, turn: Turn): void {
    const { connection } = work;
    connection.backlog.taken(isAppend(work));
    connection.heard(turn.now);
    if (hasExpired(connection.identity, turn.now)) {
      this.#rules.connections.drop(connection, EXPIRED, turn.now);
      return;
    }
    const { user } = connection;
    if (user !== null) this.#rules.spending.add(user.id, FRAME);
    if (work.kind === "refused") {
      this.#refuse(work, work.id, work.refusal, turn);
      return;
    }
    connection.refusals.wellFormed();
    const id = work.kind === "auth" ? work.id : work.command.id;
    const applied = this.#shield(() =>
      work.kind === "auth" ? this.#reauthorize(work, turn) : this.#apply(work, turn),
    );
    if (applied === "failed") this.#refuse(work, id, FAILED, turn);
    else if (applied.kind === "refused") this.#refuse(work, id, applied.refusal, turn);
    else if (applied.kind !== "done") {
      const paid = work.kind === "auth" ? 1 : costOf(connection.identity, work.command);
      this.#late.set(connection, { ...applied, id, paid });
    }
  }

  #apply({ connection, command, asked }: Extract<Work, { kind: "command" }>, turn: Turn): Applied {
    // A sign of life even if it is refused.
    if (command.type === "ping") connection.pinged(turn.now);
    if (asked !== undefined) return applyCommand(this.#rules, connection, command, turn, asked);
    const refusal = this.#charge(connection.identity, costOf(connection.identity, command), turn);
    return refusal === undefined ? applyCommand(this.#rules, connection, command, turn) : refused(refusal);
  }

  #reauthorize({ connection, id, outcome }: Extract<Work, { kind: "auth" }>, turn: Turn): Applied {
    const { connections, moderation } = this.#rules;
    const { user } = connection;
    // An anonymous connection stays one, whatever the token.
    if (user === null) return refused(NOT_YOURS);
    if (!outcome.ok) return refused(outcome.refusal);
    const { identity, permission, permissionUntil } = outcome.value;
    if (identity.kind !== "user" || identity.user.id !== user.id) return refused(NOT_YOURS);
    const barred = moderation.refusalFor(outcome.value, turn.now);
    if (barred !== undefined) return refused(barred);
    if (!includes(permission, "read")) {
      connections.dismiss(connection, TAKEN_BY_TOKEN, turn);
      return DONE;
    }
    // Expiry and permission are new; name and picture stay those that the others have seen join.
    const renewed = { identity: { ...identity, user }, permission };
    connections.renew(connection, permissionUntil === undefined ? renewed : { ...renewed, permissionUntil });
    turn.delivery.answer(connection, okAnswer(id, { expiresAt: identity.expiresAt, permission }));
    return DONE;
  }

  #charge(identity: Identity, cost: number, { now }: Turn): Refusal | undefined {
    return this.#rules.allowances.take(identity, cost, now);
  }

  #refuse(work: Sent, id: string | undefined, refusal: Refusal, turn: Turn): void {
    const { connection } = work;
    const command = typeOf(work);
    this.#rules.journal.add({
      ...{ kind: "refused", refusal, ...connection.whom },
      ...(command !== undefined && { command }),
    });
    const closing = connection.refusals.refused(refusal.code, turn.now);
    if (closing !== undefined) this.#rules.connections.dismiss(connection, closing, turn);
    else turn.delivery.answer(connection, errorAnswer(id, refusal));
  }

  /** A fault ends its command only: nothing of it was stored, and the room goes on. */
  #shield<T>(run: () => T): T | "failed" {
    try {
      return run();
    } catch (error) {
      this.#rules.reportFault(error);
      return "failed";
    }
  }
}

const isAppend = (work: Work): boolean => work.kind === "command" && work.command.type === "append";

/** The type of the command. */
function typeOf(work: Sent): string | undefined {
  if (work.kind === "auth") return "auth";
  return work.kind === "command" ? work.command.type : work.command;
}
