// Edits, deletions and reactions: what each does to a message, whether an event of the log brings it or the client
// shows it before it is stored. They have no idempotency key: one that was in flight when a connection was lost waits
// for the replay, which shows whether it took effect. Invariant: the stored state is never changed here. `shown` is
// laid over it.

import {
  type Answer,
  CHANGE_RESULT,
  type ChangeResult,
  type Command,
  type Message,
  type SequencedEvent,
} from "../../../src/protocol/index.ts";
import type { OnAnswer } from "../../connection/transport/commands.ts";
import { noConnection, offline, RoomsError } from "../../util/errors.ts";
import type { Ports } from "../../util/ports.ts";
import { jsonCopy, resultOf } from "../../util/wire.ts";

/** What is done to the message `seq`. The order of the fields counts: {@link sameJson} compares changes. */
export type MessageChange =
  | { readonly type: "edit"; readonly seq: number; readonly data: unknown }
  | { readonly type: "delete"; readonly seq: number }
  | { readonly type: "react"; readonly seq: number; readonly emoji: string; readonly op: "add" | "remove" };

/** What an event does, and the id of the user who did it; `null` for server code. */
export function changeIn(event: Exclude<SequencedEvent, Message>): {
  readonly change: MessageChange;
  readonly by: string | null;
} {
  switch (event.type) {
    case "messageUpdated":
      return {
        change: { type: "edit", seq: event.message.seq, data: event.message.data },
        by: event.by,
      };
    case "messageDeleted":
      return { change: { type: "delete", seq: event.target }, by: event.by };
    default:
      return {
        change: { type: "react", seq: event.target, emoji: event.emoji, op: event.op },
        by: event.user,
      };
  }
}

/** The message as the change makes it. `changed` stays: only the caller knows the `seq` of the change. */
export function withChange(
  held: Message,
  change: MessageChange,
  at: number,
  by: string | null | undefined,
): Message {
  if (change.type === "edit") {
    const { editedBy: _, ...rest } = held;
    // The editor is named only where somebody else said the message.
    const isForeign = by != null && (held.byServer === true || held.from?.id !== by);
    return { ...rest, data: change.data, editedAt: at, ...(isForeign && { editedBy: by }) };
  }
  const { reactions = {}, ...plain } = held;
  if (change.type === "delete") {
    const { mentions: _, editedAt: __, editedBy: ___, ...unedited } = plain;
    const { stream: _stream, field: _field, n: _n, producer: _producer, ...whole } = unedited;
    const { expiresAt: _expiresAt, flag: _flag, ...rest } = whole;
    return { ...rest, data: null, deletedAt: at };
  }
  const { emoji, op } = change;
  const users = usersOf(held, emoji);
  const { [emoji]: _, ...others } = reactions;
  const left = users.filter((id) => id !== by);
  const now = op === "remove" || by == null ? left : left.length < users.length ? users : [...users, by];
  const next = now.length > 0 ? { ...reactions, [emoji]: now } : others;
  return { ...plain, ...(Object.keys(next).length > 0 && { reactions: next }) };
}

/** Whether the message is as the change would make it. */
function isInEffect(change: MessageChange, held: Message, self: string | undefined): boolean {
  const isDeleted = held.deletedAt !== undefined;
  if (change.type === "delete") return isDeleted;
  if (change.type === "edit") return !isDeleted && sameJson(held.data, change.data);
  return usersOf(held, change.emoji).some((id) => id === self) === (change.op === "add");
}

/** Servers keep the order of fields. Where one does not, a change is only recognized later, by its answer. */
const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The `seq` of the last change to a message, or its own. */
export const version = ({ seq, changed = seq }: Message): number => changed;

/** Who reacted with this emoji. A name that every object inherits, such as `constructor`, is not a list. */
const usersOf = ({ reactions = {} }: Message, emoji: string): readonly string[] =>
  Object.hasOwn(reactions, emoji) ? (reactions[emoji] ?? []) : [];

/** What keeps changes beyond the life of the page. */
export interface ChangeKeeper {
  /** Throws `outbox_full` where this is one change too many. */
  admit(change: MessageChange): void;
  /** Asked before a change is sent. `wait`: nothing that comes after it goes first; `skip`: it is not sent from here. */
  verdict(entry: PendingChange): "go" | "wait" | "skip";
  /** The next phase of a change that would be rejected; `undefined`: it is. */
  phaseAfter(entry: PendingChange, error: RoomsError): ChangePhase | undefined;
}

/** What changes and the read position need of their room. */
export interface EnginePort {
  readonly live: boolean;
  /** The id of this user; `undefined` for an anonymous reader, and until the first connection. */
  readonly self: string | undefined;
  /** The server's time in milliseconds since 1970. */
  now(): number;
  /** The `seq` of the last event that is known. */
  readonly head: number;
  /** The stored message of this `seq`, if it is held. */
  held(seq: number): Message | undefined;
  /** Without one, a change does not wait for a connection. */
  readonly keeper: ChangeKeeper | undefined;
  /** Counts against the rate. `onAnswer` gets `undefined` where the connection is lost. */
  request(command: Command & { readonly id: string }, onAnswer: OnAnswer): void;
}

export type ChangePhase =
  /** Waits for a connection. */
  | { readonly status: "queued" }
  /** Waits for its answer. */
  | { readonly status: "sent" }
  /** A later change of the same slot took effect: the answer is still to come, but the change shows nothing. */
  | { readonly status: "overtaken" }
  /** Answered, but its event has not come: a topic filter may leave it out. */
  | { readonly status: "stored"; readonly seq: number }
  /** The connection was lost, when the message had been edited at this time. */
  | { readonly status: "unknown"; readonly editedAt: number | undefined }
  /** Refused, and shown no more; it can be tried again. */
  | { readonly status: "failed"; readonly error: RoomsError };

export interface PendingChange {
  readonly id: string;
  readonly change: MessageChange;
  /** When the app called, in milliseconds since 1970. */
  readonly at: number;
  readonly resolve: (result: ChangeResult) => void;
  readonly reject: (error: RoomsError) => void;
  /** It is not of this connection: if it is refused, nobody may be there any more to hear of it. */
  readonly hasWaited: boolean;
  phase: ChangePhase;
}

export class PendingChanges {
  readonly #ports: Ports;
  readonly #room: EnginePort;
  #entries: readonly PendingChange[] = [];

  constructor(ports: Ports, room: EnginePort) {
    this.#ports = ports;
    this.#room = room;
  }

  /** In the order of the calls; the same array until what {@link addChanged} makes of it may differ. */
  get shown(): readonly PendingChange[] {
    return this.#entries;
  }

  /** Resolves when the change is stored, or was in effect already. */
  add(wish: MessageChange): Promise<ChangeResult> {
    return new Promise((resolve, reject) => {
      const change = jsonCopy<MessageChange>(wish);
      const { keeper, live } = this.#room;
      if (!live && keeper === undefined) throw noConnection();
      keeper?.admit(change);
      const queued: ChangePhase = { status: "queued" };
      const entry = { id: this.#ports.newId(), change, at: this.#room.now(), resolve, reject };
      this.#entries = [...this.#entries, { ...entry, phase: queued, hasWaited: !live }];
      this.flush();
    });
  }

  /** Sends what waits for a connection. */
  flush(): void {
    for (const entry of this.#entries) {
      if (entry.phase.status !== "queued") continue;
      if (!this.#room.live) return;
      const verdict = this.#room.keeper?.verdict(entry);
      if (verdict === "wait") return;
      if (verdict !== "skip") this.#send(entry);
    }
  }

  /** From now on these are pending, in this order. */
  replace(entries: readonly PendingChange[]): void {
    this.#entries = entries;
  }

  /** It is not pending any more, and shown no more. */
  drop(entry: PendingChange, error: RoomsError): void {
    this.#remove(entry);
    entry.reject(error);
  }

  /** To be called after the stored state changed: what it shows by itself is not laid over it any more. */
  onFolded(): void {
    for (const entry of this.#entries) {
      const { phase, change } = entry;
      if (phase.status !== "stored") continue;
      const held = this.#room.held(change.seq);
      if (held === undefined || version(held) >= phase.seq) this.#remove(entry);
    }
  }

  /** To be called after the event was folded: the event of an own change comes before its answer. */
  onEvent(event: SequencedEvent): void {
    this.onFolded();
    if (event.type === "message") return;
    const { change, by } = changeIn(event);
    if (by !== this.#room.self) return;
    const sent = this.#entries.filter(({ phase }) => phase.status === "sent");
    const done = sent.find((entry) => sameJson(entry.change, change));
    if (done === undefined) return;
    for (const entry of sent.slice(0, sent.indexOf(done))) {
      if (slotOf(entry) === slotOf(done)) entry.phase = { status: "overtaken" };
    }
    this.#resolve(done, event.seq);
  }

  /** The replay is over, and shows what became of what was in flight. */
  onLive(): void {
    const unknown = this.#entries.filter(({ phase }) => phase.status === "unknown");
    for (const slot of new Set(unknown.map(slotOf))) {
      this.#judge(unknown.filter((entry) => slotOf(entry) === slot));
    }
    this.flush();
  }

  /** Rejects all of them that are not kept: it will never be known what became of them. */
  fail(error: RoomsError): void {
    for (const entry of this.#entries) this.#reject(entry, error);
  }

  #send(entry: PendingChange): void {
    entry.phase = { status: "sent" };
    this.#room.request({ ...entry.change, id: entry.id }, (answer) => this.#onAnswer(entry, answer));
  }

  #onAnswer(entry: PendingChange, answer: Answer | undefined): void {
    // It was settled by its event, or failed with its connection.
    if (!this.#entries.includes(entry)) return;
    const isOvertaken = entry.phase.status === "overtaken";
    if (answer === undefined) {
      // That a later one took effect does not say whether this one was refused.
      if (isOvertaken) this.#reject(entry, unknowable());
      else entry.phase = { status: "unknown", editedAt: this.#room.held(entry.change.seq)?.editedAt };
      return;
    }
    const result = resultOf(answer, CHANGE_RESULT);
    if (result instanceof RoomsError) this.#reject(entry, result);
    else if (isOvertaken) this.#resolve(entry, result.seq);
    else {
      entry.phase = { status: "stored", seq: result.seq };
      entry.resolve({ seq: result.seq });
      this.onFolded();
    }
  }

  /** `entries` are all of one slot, in the order of the calls. */
  #judge(entries: readonly PendingChange[]): void {
    const held = entries[0] && this.#room.held(entries[0].change.seq);
    const inEffect = entries.map(
      ({ change }) => held !== undefined && isInEffect(change, held, this.#room.self),
    );
    const last = inEffect.lastIndexOf(true);
    for (const [index, entry] of entries.entries()) {
      // What a later change of this user undid may have been stored before it, or refused.
      if (held === undefined || (index < last && !inEffect[index])) this.#reject(entry, unknowable());
      else if (index <= last) this.#resolve(entry, version(held));
      else if (last < 0 && wasEditedOver(entry, held)) this.#reject(entry, unknowable());
      // Listeners may have lost the connection again.
      else if (this.#room.live) this.#send(entry);
    }
  }

  #resolve(entry: PendingChange, seq: number): void {
    this.#remove(entry);
    entry.resolve({ seq });
  }

  #reject(entry: PendingChange, error: RoomsError): void {
    const phase = this.#room.keeper?.phaseAfter(entry, error);
    if (phase === undefined) this.drop(entry, error);
    else {
      entry.phase = phase;
      this.replace([...this.#entries]);
    }
  }

  #remove(entry: PendingChange): void {
    this.replace(this.#entries.filter((other) => other !== entry));
  }
}

/** The phases of changes that show nothing. */
const HIDDEN = ["overtaken", "failed"];

/** Adds the messages that these changes show otherwise, by `seq`. `held` finds a stored message. */
export function addChanged(
  held: (seq: number) => Message | undefined,
  changes: readonly PendingChange[],
  self: string | undefined,
  changed: Map<number, Message>,
): void {
  for (const { change, at, phase } of changes) {
    const message = changed.get(change.seq) ?? held(change.seq);
    // What was deleted stays as it is.
    if (HIDDEN.includes(phase.status) || message === undefined || message.deletedAt !== undefined) continue;
    if (change.type === "react" && isInEffect(change, message, self)) continue;
    changed.set(change.seq, withChange(message, change, at, self));
  }
}

/** Of two changes with the same slot the later one counts. */
const slotOf = ({ change }: PendingChange): string =>
  change.seq + (change.type === "react" ? change.emoji : "");

/** Somebody may have edited the message after this edit, which must not be written over theirs. */
const wasEditedOver = ({ change, phase }: PendingChange, now: Message): boolean =>
  change.type === "edit" && phase.status === "unknown" && phase.editedAt !== now.editedAt;

const unknowable = () =>
  offline("The connection was lost, and the replay does not show whether this was stored.");
