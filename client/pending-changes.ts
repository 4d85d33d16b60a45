// Edits, deletions and reactions that the stored state does not show yet. They have no idempotency key, so what was
// in flight when a connection was lost waits for the replay, which tells whether it took effect.
// Invariant: the stored state is never touched from here; what is shown is it with these on top.

import type { Answer, ChangeResult, Message, SequencedEvent } from "../src/protocol/index.ts";
import { offline } from "./ending.ts";
import { RoomsError, refusalError } from "./errors.ts";
import { jsonCopy } from "./json-copy.ts";
import { version } from "./message-list.ts";
import {
  bringsAbout,
  type Change,
  type ChangePhase,
  changeCommand,
  isInEffect,
  type PendingChange,
  slotOf,
} from "./pending-change.ts";
import type { Ports } from "./ports.ts";
import { quiet } from "./quiet.ts";
import type { RoomLine } from "./room-line.ts";
import { isChangeResult } from "./shapes.ts";

export class PendingChanges {
  readonly #ports: Ports;
  readonly #line: RoomLine;
  /** In the order of the calls. */
  #all: readonly PendingChange[] = [];

  constructor(ports: Ports, line: RoomLine) {
    this.#ports = ports;
    this.#line = line;
  }

  /** The same array until something changes. */
  get all(): readonly PendingChange[] {
    return this.#all;
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
    const phase: ChangePhase = { status: "sent" };
    const entry: PendingChange = { id: newId(), change, at: clock.now(), phase, settle };
    this.#all = [...this.#all, entry];
    this.#send(entry);
    return quiet(settle.promise);
  }

  /** To be called after the stored state changed: what it shows by itself is not laid over it any more. */
  onFolded(): void {
    if (this.#all.some((entry) => this.#isShown(entry))) {
      this.#all = this.#all.filter((entry) => !this.#isShown(entry));
    }
  }

  /** To be called after it was folded. What this user did shows in its event, before the answer. */
  onEvent(event: SequencedEvent): void {
    if (this.#all.length === 0) return;
    this.onFolded();
    const { self } = this.#line;
    const done = this.#all.find(
      ({ change, phase }) => phase.status === "sent" && bringsAbout(change, event, self),
    );
    if (done === undefined) return;
    const before = this.#all.slice(0, this.#all.indexOf(done)).filter(({ phase }) => phase.status === "sent");
    for (const entry of before) {
      if (slotOf(entry) === slotOf(done)) this.#put(entry, { status: "overtaken", by: event.seq });
    }
    this.#resolve(done, event.seq);
  }

  /** The replay is over, so what it shows is what became of what was in flight. */
  onLive(): void {
    const unknown = this.#all.filter(({ phase }) => phase.status === "unknown");
    for (const entries of Map.groupBy(unknown, slotOf).values()) this.#judge(entries);
  }

  /** All of them, and nobody knows whether they took effect. */
  fail(error: RoomsError): void {
    const failed = this.#all;
    this.#all = [];
    for (const { settle } of failed) settle.reject(error);
  }

  #send(entry: PendingChange): void {
    this.#line.request(changeCommand(entry), (answer) => this.#onAnswer(entry.id, answer));
  }

  #onAnswer(id: string, answer: Answer | undefined): void {
    const entry = this.#all.find((held) => held.id === id);
    // Settled by its event, or failed with its connection.
    if (entry === undefined) return;
    if (answer === undefined) this.#onLost(entry);
    else if (answer.type === "error") this.#reject(entry, refusalError(answer));
    else if (answer.type === "ok" && isChangeResult(answer)) this.#onStored(entry, answer);
    else this.#reject(entry, offline("The answer could not be read."));
  }

  #onLost(entry: PendingChange): void {
    const { change, phase } = entry;
    if (phase.status === "overtaken") this.#resolve(entry, phase.by);
    else if (phase.status === "sent") {
      this.#put(entry, { status: "unknown", held: this.#line.held(change.seq) });
    }
  }

  #onStored(entry: PendingChange, { seq }: ChangeResult): void {
    entry.settle.resolve({ seq });
    const stored = { ...entry, phase: { status: "stored", seq } } as const;
    if (entry.phase.status === "overtaken" || this.#isShown(stored)) this.#remove(entry);
    else this.#put(entry, stored.phase);
  }

  /** Whether the stored state has it, or never will. */
  #isShown({ change, phase }: PendingChange): boolean {
    if (phase.status !== "stored") return false;
    const held = this.#line.held(change.seq);
    return held === undefined || version(held) >= phase.seq;
  }

  /** All of one slot, in their order. */
  #judge(entries: readonly PendingChange[]): void {
    const { self } = this.#line;
    const held = entries[0] && this.#line.held(entries[0].change.seq);
    if (held === undefined) {
      for (const entry of entries) this.#reject(entry, unknowable());
      return;
    }
    const last = entries.findLastIndex(({ change }) => isInEffect(change, held, self));
    for (const [index, entry] of entries.entries()) {
      // What a later one of this user undid does not matter any more.
      if (index <= last) this.#resolve(entry, version(held));
      else if (last < 0 && wasEditedOver(entry, held)) this.#reject(entry, unknowable());
      else this.#repeat(entry);
    }
  }

  #repeat(entry: PendingChange): void {
    // Listeners may have lost the connection again.
    if (!this.#line.live) return;
    this.#put(entry, { status: "sent" });
    this.#send(entry);
  }

  #resolve(entry: PendingChange, seq: number): void {
    this.#remove(entry);
    entry.settle.resolve({ seq });
  }

  #reject(entry: PendingChange, error: RoomsError): void {
    this.#remove(entry);
    entry.settle.reject(error);
  }

  #put(entry: PendingChange, phase: ChangePhase): void {
    this.#all = this.#all.map((held) => (held.id === entry.id ? { ...entry, phase } : held));
  }

  #remove({ id }: PendingChange): void {
    this.#all = this.#all.filter((held) => held.id !== id);
  }
}

/** Somebody edited it while nobody listened: perhaps after this edit, which must not be written over theirs. */
const wasEditedOver = ({ change, phase }: PendingChange, held: Message): boolean =>
  change.type === "edit" && phase.status === "unknown" && phase.held?.editedAt !== held.editedAt;

const unknowable = () =>
  offline(
    "The connection was lost before the answer, and what came after does not tell what became of this.",
  );
