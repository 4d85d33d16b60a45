// Changes to stored messages: edits, deletes, reactions.

import { type Actor, userOf } from "../access/identity.ts";
import { oversize } from "../object/encode-data.ts";
import type { Journal } from "../object/journal.ts";
import { BYTES_A_UNIT, CHANGE, type Spending } from "../object/spending.ts";
import {
  accept,
  type ChangeResult,
  MAX_DIFFERENT_EMOJIS,
  MAX_EMOJIS_A_USER,
  MAX_REACTIONS,
  type Outcome,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import { encodeDeleted, encodeUpdated, erased, withReaction } from "./log/message-body.ts";
import type { RoomLog, Target } from "./log/room-log.ts";
import {
  keptForServer,
  mayModerate,
  mayWrite,
  nameOf,
  signatureOf,
  tooLittle,
} from "./people/permissions.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { SlowMode } from "./people/slow-mode.ts";
import type { Accounts } from "./publisher.ts";
import type { Asked, AsksAbout } from "./ruling.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";

export type ChangeInput =
  /** `data` as JSON. `asked`: what the deployer's back end was asked; left out: nothing. */
  | { readonly type: "edit"; readonly seq: number; readonly data: string; readonly asked?: Asked | undefined }
  | { readonly type: "delete"; readonly seq: number }
  | { readonly type: "react"; readonly seq: number; readonly emoji: string; readonly op: "add" | "remove" };

export type EditInput = InputOf<"edit">;
type InputOf<Type> = Extract<ChangeInput, { type: Type }>;

const NOT_ASKED = refuse("overloaded", "this edit was not judged: try again", { retryAfterMs: 1_000 });
const UNCHANGED: Outcome<ChangeResult> = accept({ seq: 0 });
const NO_SUCH_MESSAGE = refuse("not_found", "this room has no such message", { path: ["seq"] });
const STILL_OPEN = refuse(
  "still_open",
  "this message is being written: it can be edited when it is finished",
);
const FOREIGN = refuse("forbidden", "this message is not yours");
const USERS_REACT = refuse("forbidden", "reactions are of users");
const TOO_MANY = refuse("too_large", "this message has as many reactions as it takes", { path: ["emoji"] });
const TOO_MANY_OF_YOURS = refuse(
  "too_large",
  `one user takes at most ${MAX_EMOJIS_A_USER} different emojis of a message`,
  { path: ["emoji"] },
);

export interface ChangeRules extends Accounts {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly streams: Streams;
  readonly asksAbout: AsksAbout | undefined;
}

export class Changes {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  readonly #streams: Streams;
  readonly #slowMode: SlowMode;
  readonly #spending: Spending;
  readonly #journal: Journal;
  readonly #asksAbout: AsksAbout | undefined;

  constructor({ settings, log, streams, spending, journal, asksAbout }: ChangeRules, slowMode: SlowMode) {
    this.#asksAbout = asksAbout;
    this.#streams = streams;
    this.#spending = spending;
    this.#journal = journal;
    this.#settings = settings;
    this.#log = log;
    this.#slowMode = slowMode;
  }

  /** `by`: the connection that sent it. */
  apply(
    actor: Actor,
    change: ChangeInput,
    turn: Turn,
    by: RoomConnection | null = null,
  ): Outcome<ChangeResult> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const stored = this.#log.find(change.seq);
    if (stored === undefined) return reject(NO_SUCH_MESSAGE);
    const target = this.#streams.current(stored);
    const user = userOf(actor.identity);
    const length = change.type === "edit" ? change.data.length : 0;
    const units = CHANGE + this.#spending.telling.message + length / BYTES_A_UNIT;
    if (user !== null) this.#spending.add(user.id, units);
    const outcome = this.#change(actor, target, change, turn);
    if (!outcome.ok) return outcome;
    const { identity } = actor;
    this.#journal.accepted(change.type, target.event, identity, by);
    if (change.type === "edit")
      this.#journal.flagged(
        change.asked?.ruling?.flag,
        { seq: target.seq, topic: target.event },
        identity,
        by,
      );
    return outcome;
  }

  #change(actor: Actor, target: Target, change: ChangeInput, turn: Turn): Outcome<ChangeResult> {
    switch (change.type) {
      case "edit":
        return this.#edit(actor, target, change, turn);
      case "delete":
        return this.#delete(actor, target, turn);
      case "react":
        return this.#react(actor, target, change, turn);
    }
  }

  #edit(actor: Actor, target: Target, edit: EditInput, turn: Turn) {
    const { now, delivery } = turn;
    const { ruling } = edit.asked ?? {};
    const { data, flag } = { data: edit.data, flag: undefined, ...ruling };
    const refusal = this.#editRefusal(actor, target, data, now);
    if (refusal !== undefined) return reject(refusal);
    // A last look: what a back end is to judge is never stored without its answer.
    if (ruling === undefined && this.#isToBeAsked(actor, target)) return reject(NOT_ASKED);
    const by = nameOf(actor);
    // A flag is about what the message said before.
    const { editedBy: _, flag: __, ...before } = target.meta;
    const meta = {
      ...before,
      editedAt: now,
      ...(by !== saidBy(target) && { editedBy: by }),
      ...(flag !== undefined && { flag }),
    };
    const { seq, body } = this.#log.change(target, { meta, data, by }, now);
    this.#slowMode.acted(actor, seq, now);
    delivery.emit({ kind: "stored", event: target.event }, encodeUpdated({ seq, at: now, by }, body));
    report("edit", actor, target, turn);
    return changed(seq);
  }

  /** What an edit would change, or why it is refused. */
  foresee(actor: Actor, { seq, data }: EditInput, now: number): Outcome<Target> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const stored = this.#log.find(seq);
    if (stored === undefined) return reject(NO_SUCH_MESSAGE);
    const target = this.#streams.current(stored);
    const refusal = this.#editRefusal(actor, target, data, now);
    return refusal === undefined ? accept(target) : reject(refusal);
  }

  #editRefusal(actor: Actor, target: Target, data: string, now: number): Refusal | undefined {
    if (target.deleted) return NO_SUCH_MESSAGE;
    if (!mayChange(actor, target)) return FOREIGN;
    if (target.meta.stream === "open") return STILL_OPEN;
    const { serverEvents, limits } = this.#settings;
    return (
      keptForServer(serverEvents, actor, target.event, "seq") ??
      oversize(data, limits.messageBytes) ??
      this.#slowMode.holds(actor, now)
    );
  }

  #isToBeAsked({ identity }: Actor, { event }: Target): boolean {
    return this.#asksAbout !== undefined && identity.kind === "user" && this.#asksAbout(event);
  }

  #delete(actor: Actor, target: Target, turn: Turn) {
    if (!mayChange(actor, target)) return reject(FOREIGN);
    if (target.deleted) return UNCHANGED;
    const seq = this.erase(target, nameOf(actor), turn);
    report("delete", actor, target, turn);
    return changed(seq);
  }

  /** Deletes a message. `by`: a user id; `null`: server code, or the room itself. Answers the `seq` of the change. */
  erase(target: Target, by: string | null, { now, delivery }: Turn): number {
    const { seq } = this.#log.change(target, { meta: erased(target.meta, now), data: "null", by }, now);
    this.#streams.closed(target.seq);
    delivery.emit({ kind: "stored", event: target.event }, encodeDeleted({ seq, at: now, by }, target.seq));
    return seq;
  }

  #react(actor: Actor, target: Target, { emoji, op }: InputOf<"react">, turn: Turn): Outcome<ChangeResult> {
    const { now, delivery } = turn;
    const user = userOf(actor.identity)?.id;
    if (user === undefined) return reject(USERS_REACT);
    if (target.deleted) return reject(NO_SUCH_MESSAGE);
    const reactions = new Map(Object.entries(target.meta.reactions ?? {}));
    const users = reactions.get(emoji) ?? [];
    if (users.includes(user) === (op === "add")) return UNCHANGED;
    const refusal =
      (op === "add" ? noRoomFor(reactions, emoji, user) : undefined) ?? this.#slowMode.holds(actor, now);
    if (refusal !== undefined) return reject(refusal);
    const meta = withReaction(target.meta, { emoji, user, op });
    const { seq, ...after } = this.#log.change(target, { meta, data: target.data, by: user }, now);
    this.#slowMode.acted(actor, seq, now);
    this.#streams.wasWritten(target.seq, turn);
    delivery.emit(
      { kind: "stored", event: target.event, now: after },
      JSON.stringify({ type: "reaction", seq, at: now, target: target.seq, emoji, user, op }),
    );
    return changed(seq);
  }
}

/** Only acts on messages of others are for the log. */
function report(act: "edit" | "delete", actor: Actor, { seq, author }: Target, { audit }: Turn): void {
  const signature = signatureOf(actor);
  if ((signature.by ?? "") !== author) audit.push({ act, ...signature, user: author || null, seq });
}

const changed = (seq: number): Outcome<ChangeResult> => accept({ seq });

/** User id; `null`: server code, in whatever name. */
const saidBy = ({ author, byServer }: Target): string | null => (byServer ? null : author);

/** A message is one's own if its `from` has the caller's id. */
const mayChange = (actor: Actor, { author }: Target): boolean =>
  mayModerate(actor) || userOf(actor.identity)?.id === author;

/** Why this message cannot take the reaction of this user, if so. */
function noRoomFor(
  reactions: ReadonlyMap<string, readonly string[]>,
  emoji: string,
  user: string,
): Refusal | undefined {
  if (!reactions.has(emoji) && reactions.size >= MAX_DIFFERENT_EMOJIS) return TOO_MANY;
  let count = 0;
  let own = 0;
  for (const users of reactions.values()) {
    count += users.length;
    if (users.includes(user)) own++;
  }
  if (count >= MAX_REACTIONS) return TOO_MANY;
  return own >= MAX_EMOJIS_A_USER ? TOO_MANY_OF_YOURS : undefined;
}
