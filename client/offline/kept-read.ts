import { isRecord, parseCursor } from "../../src/protocol/index.ts";
import type { KeptParts } from "../room/room-keeper.ts";
import { ignoreRejection } from "../util/listeners.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import { fits } from "../util/wire.ts";
import type { OfflineStorage } from "./offline-storage.ts";

/** A page marks with each scroll. */
const MIN_BETWEEN_MS = 1_000;

const READ = { seq: "seq", epoch: ["optional", "text"] } as const;

interface ReadRecord {
  readonly seq: number;
  readonly epoch?: string;
}

const readIn = (value: unknown): ReadRecord | undefined =>
  isRecord(value) && fits(READ, value) ? value : undefined;

/** How far this user has read in one room, until the server knows it: the highest place that any tab has marked. */
export class KeptRead {
  readonly #parts: KeptParts;
  readonly #storage: OfflineStorage;
  readonly #key: string;
  readonly #clock: Clock;
  /** As it stands in the storage, as far as this tab knows. */
  #written: ReadRecord | undefined;
  /** As it stood there before. */
  #before: ReadRecord | undefined;
  /** It has not been marked in the room yet, as its log was not known. */
  #isPending = false;
  #isWriting = false;
  #cancelPause: Cancel | undefined;
  #isOver = false;

  constructor(parts: KeptParts, storage: OfflineStorage, key: string, clock: Clock) {
    this.#parts = parts;
    this.#storage = storage;
    this.#key = key;
    this.#clock = clock;
  }

  /** What the server does not know yet; `undefined`: there is nothing. */
  get record(): unknown {
    return this.#written;
  }

  /** It was kept before. */
  restore(value: unknown): void {
    this.#written = readIn(value);
    this.#before = this.#written;
  }

  /** To be called after anything may have changed. */
  changed(): void {
    const { channel } = this.#parts;
    const epoch = channel.cursor === undefined ? undefined : parseCursor(channel.cursor)?.epoch;
    // What ended a connection has also ended the wait for an answer.
    if (!channel.live) this.#isPending = true;
    if (epoch === undefined || !this.#isPending || this.#restored(epoch)) this.#follow(epoch);
    else this.#write(undefined);
  }

  /** What was marked here is of another user. */
  undo(): void {
    const [before, written] = [this.#before, this.#written];
    if (before === written) return;
    this.#storage
      .update([this.#key], ([value]) => [readIn(value)?.seq === written?.seq ? before : value])
      .catch(() => {});
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelPause?.();
  }

  /** Marks in the room what is kept. Returns whether the server may not know it yet. */
  #restored(epoch: string): boolean {
    const { reads } = this.#parts;
    const written = this.#written;
    this.#isPending = false;
    if (written === undefined) return true;
    // In another log it is another message.
    const isNews = (written.epoch ?? epoch) === epoch && written.seq > reads.known;
    if (isNews) void ignoreRejection(reads.mark(written.seq));
    return isNews;
  }

  #follow(epoch: string | undefined): void {
    const { reads, channel } = this.#parts;
    const { wanted } = reads;
    if (wanted > (this.#written?.seq ?? 0))
      this.#write({ seq: wanted, ...(epoch !== undefined && { epoch }) });
    // It is with the server, or was refused.
    else if (this.#written !== undefined && wanted === 0 && channel.live) this.#write(undefined);
  }

  #write(record: ReadRecord | undefined): void {
    if (this.#isWriting || this.#cancelPause !== undefined) return;
    const before = this.#written;
    this.#written = record;
    this.#isWriting = true;
    this.#storage
      .update([this.#key], ([value]) => {
        const held = readIn(value);
        if (record === undefined)
          return [held !== undefined && held.seq > (before?.seq ?? 0) ? value : undefined];
        return [held !== undefined && held.epoch === record.epoch && held.seq >= record.seq ? value : record];
      })
      .catch(() => {
        this.#written = before;
      })
      .finally(() => {
        this.#isWriting = false;
        if (this.#isOver) return;
        this.#cancelPause = this.#clock.after(MIN_BETWEEN_MS, () => {
          this.#cancelPause = undefined;
          this.changed();
        });
      });
  }
}
