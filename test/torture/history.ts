// What happened in one round of torture, in the order in which this process saw it. The checker judges nothing else. A log
// is a room or an inbox; `text` names what was said in it, and no two sends say the same.

/** A message or a notification as a log, or a view of it, has it in the end. */
export interface Item {
  readonly seq: number;
  /** What it says now: what was sent, or the last edit; `null` where it was deleted. Of a notification its title. */
  readonly text: string | null;
  /** `👍 ada`, sorted. */
  readonly reactions: readonly string[];
  /** The state of a notification. */
  readonly mark?: string;
}

export interface Presence {
  readonly user: string;
  readonly status: string;
}

export type Change =
  | { readonly type: "edit"; readonly text: string }
  | { readonly type: "delete" }
  | { readonly type: "react" | "unreact"; readonly reaction: string }
  | { readonly type: "mark"; readonly mark: string };

/**
 * `op` joins a call with its outcome. A `sender` is one client: what it sends is stored in order; server code has none. A
 * `reader` is one view of one log: a room or an inbox of one client.
 */
export type Entry =
  | {
      readonly is: "send";
      readonly op: number;
      readonly log: string;
      readonly text: string;
      readonly sender?: string;
    }
  | {
      readonly is: "change";
      readonly op: number;
      readonly log: string;
      readonly target: number;
      readonly change: Change;
    }
  /** It is stored, so the server said; `seq` 0: it changed nothing. */
  | { readonly is: "stored"; readonly op: number; readonly seq: number }
  /** It was refused, and is not stored. */
  | { readonly is: "refused"; readonly op: number; readonly code: string }
  /** Nobody can tell whether it is stored. */
  | { readonly is: "unknown"; readonly op: number; readonly code: string }
  /** It waits in a storage that outlives its client. */
  | { readonly is: "kept"; readonly op: number }
  | { readonly is: "reads"; readonly reader: string; readonly log: string }
  /** From here on the reader must hear everything. */
  | { readonly is: "caughtUp"; readonly reader: string; readonly seq: number }
  /** `text` of a message; a change has none. */
  | { readonly is: "heard"; readonly reader: string; readonly seq: number; readonly text?: string | null }
  /** Its own message took its place in the log without an event. */
  | { readonly is: "unechoed"; readonly reader: string; readonly seq: number; readonly text: string }
  /** The reader was told that it missed something. */
  | { readonly is: "lost"; readonly reader: string }
  | { readonly is: "cursor"; readonly reader: string; readonly seq: number }
  /** The end: what the server has. */
  | { readonly is: "log"; readonly log: string; readonly floor: number; readonly items: readonly Item[] }
  /** The end: what a reader shows. It may have begun later than the log. */
  | {
      readonly is: "view";
      readonly reader: string;
      readonly items: readonly Item[];
      readonly unread?: number;
    }
  /** The end: who is there, so say the server and a reader. */
  | {
      readonly is: "members";
      readonly log: string;
      readonly by: string;
      readonly members: readonly Presence[];
    }
  /** The end: who must be there. */
  | { readonly is: "present"; readonly log: string; readonly users: readonly string[] }
  /** What was done to the world, for people who read a history. */
  | { readonly is: "did"; readonly what: string };

/** Of what is done and said; times count from its start. */
export class History {
  readonly entries: Entry[] = [];
  readonly times: number[] = [];
  readonly #startedAt = performance.now();
  #ops = 0;

  add(entry: Entry): void {
    this.entries.push(entry);
    this.times.push(Math.round(performance.now() - this.#startedAt));
  }

  nextOp(): number {
    return ++this.#ops;
  }

  /** The call that sent this. */
  opOf(text: string | null): number | undefined {
    for (const entry of this.entries) if (entry.is === "send" && entry.text === text) return entry.op;
    return undefined;
  }

  count(is: Entry["is"]): number {
    return this.entries.filter((entry) => entry.is === is).length;
  }

  /** One line of JSON an entry, in order. */
  toLines(): string {
    return this.entries.map((entry, at) => JSON.stringify({ ms: this.times[at], ...entry })).join("\n");
  }
}
