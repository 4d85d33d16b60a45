import type { CountedEntry, JournalEntry } from "../object/journal.ts";

type Closed = Extract<CountedEntry, { kind: "closed" }>;

/** Connections at a relay that opened and closed, as sums: its room counts them in its metrics. */
export class CountedHere {
  #opened = 0;
  #closed = new Map<string, Closed>();

  opened(): void {
    this.#opened++;
  }

  closed(entry: JournalEntry): void {
    if (entry.kind !== "closed") return;
    const { closeCode, closing } = entry;
    const code = closing?.code;
    const key = `${closeCode} ${code}`;
    const times = (this.#closed.get(key)?.times ?? 0) + 1;
    const what = { kind: "closed", closeCode, times } as const;
    this.#closed.set(key, code === undefined ? what : { ...what, closing: { code } });
  }

  /** What was not taken yet. */
  take(): readonly CountedEntry[] {
    const closed = [...this.#closed.values()];
    this.#closed.clear();
    const times = this.#opened;
    this.#opened = 0;
    return times === 0 ? closed : [{ kind: "opened", times }, ...closed];
  }
}
