// Edits, deletions and reactions that the stored state does not show yet. They have no idempotency key, so what was
// in flight when a connection was lost waits for the replay, which tells whether it took effect.
// Invariant: the stored state is never touched from here; what is shown is it with these on top.

import type { Answer, ChangeResult, Message, SequencedEvent } from "../../../src/protocol/index.ts";
import { offline, RoomsError, refusalError } from "../../util/errors.ts";
import { jsonCopy } from "../../util/json-copy.ts";
import type { Ports } from "../../util/ports.ts";
import { quiet } from "../../util/quiet.ts";
import { isChangeResult } from "../../wire/shapes.ts";
import { version } from "./message-list.ts";
import {
  bringsAbout,
  type Change,
  changeCommand,
  isInEffect,
  type PendingChange,
  slotOf,
} from "./pending-change.ts";
import type { RoomLine } from "./room-line.ts";

type Phase =
  /** Waits for its answer. */
  | { readonly status: "sent" }
  /** A later one of the same slot took effect: the answer is still to come, but shows nothing. */
  | { readonly status: "overtaken" }
  /** Answered, but its event did not come: a filter may leave it out. */
  | { readonly status: "stored"; readonly seq: number }
  /** The connection was lost, when the message was as `held` is. */
  | { readonly status: "unknown"; readonly held: Message | undefined };

export class PendingChanges {
  readonly #ports: Ports;
  readonly #line: RoomLine;
  /** In the order of the calls. */
  readonly #phases = new Map<PendingChange, Phase>();
  #shown: readonly PendingChange[] = [];

  constructor(ports: Ports, line: RoomLine) {
    this.#ports = ports;
    this.#line = line;
  }

  /** What is laid over the stored state, in this order; the same array until something in it changes. */
  get shown(): readonly PendingChange[] {
    const shown = this.#with("sent", "stored", "unknown");
    const same = shown.length === this.#shown.length && shown.every((change, n) => change === this.#shown[n]);
    if (!same) this.#shown = shown;
    return this.#shown;
  }

  /** Resolves when it is stored, or was so already. */
  add(wish: Change): Promise<ChangeResult> {
    const change = jsonCopy(wish);
    if (change === undefined || (change.type === "edit" && !("data" in change))) {
      return quiet(Promise.reject(new RoomsError("bad_request", "This cannot be written as JSON.")));
    }
    if (!this.#line.live) return quiet(Promise.reject(offline("There is no connection.")));
    const { clock, newId } = this.#ports;
    const settle = Promise.withResolvers<ChangeResult>();
    this.#send({ id: newId(), change, at: clock.now(), settle });
    return quiet(settle.promise);
  }

  /** To be called after the stored state changed: what it shows by itself is not laid over it any more. */
  onFolded(): void {
    for (const entry of this.#with("stored")) if (this.#isFolded(entry)) this.#phases.delete(entry);
  }

  /** To be called after it was folded. What this user did shows in its event, before the answer. */
  onEvent(event: SequencedEvent): void {
    this.onFolded();
    const sent = this.#with("sent");
    const done = sent.find(({ change }) => bringsAbout(change, event, this.#line.self));
    if (done === undefined) return;
    for (const entry of sent.slice(0, sent.indexOf(done))) {
      if (slotOf(entry) === slotOf(done)) this.#phases.set(entry, { status: "overtaken" });
    }
    this.#resolve(done, event.seq);
  }

  /** The replay is over, and shows what became of what was in flight. */
  onLive(): void {
    for (const entries of Map.groupBy(this.#with("unknown"), slotOf).values()) this.#judge(entries);
  }

  /** All of them: nobody knows, or will, what became of them. */
  fail(error: RoomsError): void {
    for (const entry of [...this.#phases.keys()]) this.#reject(entry, error);
  }

  #with(...statuses: readonly Phase["status"][]): readonly PendingChange[] {
    return [...this.#phases].flatMap(([entry, { status }]) => (statuses.includes(status) ? [entry] : []));
  }

  #send(entry: PendingChange): void {
    this.#phases.set(entry, { status: "sent" });
    this.#line.request(changeCommand(entry), (answer) => this.#onAnswer(entry, answer));
  }

  #onAnswer(entry: PendingChange, answer: Answer | undefined): void {
    // Settled by its event, or failed with its connection.
    if (!this.#phases.has(entry)) return;
    if (answer === undefined) this.#onLost(entry);
    else if (answer.type === "error") this.#reject(entry, refusalError(answer));
    else if (answer.type === "ok" && isChangeResult(answer)) this.#onStored(entry, answer);
    else this.#reject(entry, offline("The answer could not be read."));
  }

  #onLost(entry: PendingChange): void {
    // A later one took effect, which says nothing of whether this one was refused.
    if (this.#phases.get(entry)?.status === "overtaken") this.#reject(entry, unknowable());
    else this.#phases.set(entry, { status: "unknown", held: this.#line.held(entry.change.seq) });
  }

  #onStored(entry: PendingChange, { seq }: ChangeResult): void {
    if (this.#phases.get(entry)?.status === "overtaken") {
      this.#resolve(entry, seq);
      return;
    }
    this.#phases.set(entry, { status: "stored", seq });
    entry.settle.resolve({ seq });
    this.onFolded();
  }

  /** Whether the stored state has it by now, or has no place for it. */
  #isFolded(entry: PendingChange): boolean {
    const phase = this.#phases.get(entry);
    const held = this.#line.held(entry.change.seq);
    return phase?.status === "stored" && (held === undefined || version(held) >= phase.seq);
  }

  /** All of one slot, in their order. */
  #judge(entries: readonly PendingChange[]): void {
    const held = entries[0] && this.#line.held(entries[0].change.seq);
    if (held === undefined) {
      for (const entry of entries) this.#reject(entry, unknowable());
      return;
    }
    const last = entries.findLastIndex(({ change }) => isInEffect(change, held, this.#line.self));
    for (const [index, entry] of entries.entries()) {
      const { change } = entry;
      // What a later one of this user undid may have been stored before it, or refused.
      if (index < last && !isInEffect(change, held, this.#line.self)) this.#reject(entry, unknowable());
      else if (index <= last) this.#resolve(entry, version(held));
      else if (last < 0 && this.#wasEditedOver(entry, held)) this.#reject(entry, unknowable());
      // Listeners may have lost the connection again.
      else if (this.#line.live) this.#send(entry);
    }
  }

  /** Somebody edited it while nobody listened: perhaps after this edit, which must not be written over theirs. */
  #wasEditedOver(entry: PendingChange, now: Message): boolean {
    const phase = this.#phases.get(entry);
    const before = phase?.status === "unknown" ? phase.held : now;
    return entry.change.type === "edit" && before?.editedAt !== now.editedAt;
  }

  #resolve(entry: PendingChange, seq: number): void {
    this.#phases.delete(entry);
    entry.settle.resolve({ seq });
  }

  #reject(entry: PendingChange, error: RoomsError): void {
    this.#phases.delete(entry);
    entry.settle.reject(error);
  }
}

const unknowable = () =>
  offline(
    "The connection was lost before the answer, and what came after does not tell what became of this.",
  );
