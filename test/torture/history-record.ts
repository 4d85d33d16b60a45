// A history, sorted by what the checks ask for.

import type { Change, Entry, Item, Presence } from "./history.ts";

export type Outcome =
  | { readonly is: "waiting" }
  | { readonly is: "stored"; readonly seq: number }
  | { readonly is: "refused" | "unknown"; readonly code: string };

export interface Send {
  readonly op: number;
  readonly log: string;
  readonly text: string;
  readonly sender: string | undefined;
  outcome: Outcome;
  isKept: boolean;
}

export interface ChangeCall {
  readonly op: number;
  readonly log: string;
  readonly target: number;
  readonly change: Change;
  outcome: Outcome;
  /** Where in the history it was called, and was answered. */
  readonly calledAt: number;
  answeredAt: number;
}

/** What a reader saw, in order. */
export type Sight = Extract<Entry, { readonly is: "caughtUp" | "heard" | "unechoed" | "lost" | "cursor" }>;

export interface Reader {
  readonly name: string;
  readonly log: string;
  readonly sights: Sight[];
  view: { readonly items: readonly Item[]; readonly unread: number | undefined } | undefined;
}

export interface Log {
  readonly name: string;
  readonly floor: number;
  readonly items: readonly Item[];
}

export interface HistoryRecord {
  readonly sends: readonly Send[];
  readonly changes: readonly ChangeCall[];
  readonly readers: readonly Reader[];
  readonly logs: ReadonlyMap<string, Log>;
  readonly members: readonly {
    readonly log: string;
    readonly by: string;
    readonly members: readonly Presence[];
  }[];
  readonly present: readonly { readonly log: string; readonly users: readonly string[] }[];
}

export function readRecord(entries: readonly Entry[]): HistoryRecord {
  const sends = new Map<number, Send>();
  const changes = new Map<number, ChangeCall>();
  const readers = new Map<string, Reader>();
  const logs = new Map<string, Log>();
  const members: HistoryRecord["members"][number][] = [];
  const present: HistoryRecord["present"][number][] = [];
  for (const [at, entry] of entries.entries()) {
    switch (entry.is) {
      case "send": {
        const { op, log, text, sender } = entry;
        sends.set(op, { op, log, text, sender, outcome: { is: "waiting" }, isKept: false });
        break;
      }
      case "change": {
        const { op, log, target, change } = entry;
        const never = Number.POSITIVE_INFINITY;
        changes.set(op, {
          op,
          log,
          target,
          change,
          outcome: { is: "waiting" },
          calledAt: at,
          answeredAt: never,
        });
        break;
      }
      case "stored":
      case "refused":
      case "unknown": {
        const call = sends.get(entry.op) ?? changes.get(entry.op);
        if (call === undefined) throw new Error(`nothing was called ${entry.op}`);
        call.outcome = entry;
        if ("answeredAt" in call) call.answeredAt = at;
        break;
      }
      case "kept": {
        const send = sends.get(entry.op);
        if (send !== undefined) send.isKept = true;
        break;
      }
      case "reads":
        readers.set(entry.reader, { name: entry.reader, log: entry.log, sights: [], view: undefined });
        break;
      case "view":
        readerOf(readers, entry.reader).view = { items: entry.items, unread: entry.unread };
        break;
      case "log":
        logs.set(entry.log, { name: entry.log, floor: entry.floor, items: entry.items });
        break;
      case "members":
        members.push(entry);
        break;
      case "present":
        present.push(entry);
        break;
      case "did":
        break;
      default:
        readerOf(readers, entry.reader).sights.push(entry);
    }
  }
  return {
    sends: [...sends.values()],
    changes: [...changes.values()],
    readers: [...readers.values()],
    logs,
    members,
    present,
  };
}

function readerOf(readers: ReadonlyMap<string, Reader>, name: string): Reader {
  const reader = readers.get(name);
  if (reader === undefined) throw new Error(`${name} reads nothing`);
  return reader;
}
