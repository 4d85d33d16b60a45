// What an operator wants to know of the connections of an object: the rules note it, and the runtime writes it to the
// log and counts it. Never a token, and nothing of `data`.

import { type Identity, userOf } from "../access/identity.ts";
import { type Closing, matchesTopics, type Refusal } from "../protocol/index.ts";
import { type PublishedKind, TrafficMeter } from "./traffic.ts";

/** Whom an entry is about. */
export interface Whom {
  /** Id of the connection. Left out: a call of server code or of a user. */
  readonly connection?: string;
  /** User id; `null`: server code. Left out: a connection without a token. */
  readonly user?: string | null;
  /** Of a session's commands: the room that they name. */
  readonly room?: string;
}

export interface ConnectionWhom extends Whom {
  readonly connection: string;
}

/** Whom an act is of: a user or server code, on a connection or by a call. */
const whomOf = (identity: Identity, connection: { readonly whom: ConnectionWhom } | null): Whom =>
  connection?.whom ?? { user: userOf(identity)?.id ?? null };

export type JournalEntry =
  | ({ readonly kind: "opened" } & ConnectionWhom)
  /** `closing`: why the server closed it. Left out: its client closed it, or was lost. */
  | ({ readonly kind: "closed"; readonly closeCode: number; readonly closing?: Closing } & ConnectionWhom)
  /** `command`: the type of the command. Left out: the frame has none that could be read. */
  | ({ readonly kind: "refused"; readonly refusal: Refusal; readonly command?: string } & Whom)
  | ({ readonly kind: "accepted"; readonly command: string; readonly topic: string } & Whom)
  /** A room ended an open message: its producer was silent, or the log holds it no longer. */
  | ({ readonly kind: "interrupted"; readonly seq: number; readonly topic: string } & Whom)
  /** The deployer's back end let a message or an edit pass, and marked it. */
  | ({
      readonly kind: "flagged";
      readonly seq: number;
      readonly flag: string;
      readonly topic: string;
    } & Whom);

/** Connections whose lines another object writes, and that count here. */
export type CountedEntry =
  | { readonly kind: "opened"; readonly times: number }
  | {
      readonly kind: "closed";
      readonly closeCode: number;
      readonly closing?: Closing;
      readonly times: number;
    };

/** What is known of a command that is refused, which may be none. */
export interface RefusedCommand {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
}

/** What a command that publishes is counted as. */
const KINDS = {
  send: "messages",
  signal: "signals",
  edit: "changes",
  delete: "changes",
  react: "changes",
  finish: "changes",
} as const satisfies Readonly<Record<string, PublishedKind>>;

export type PublishingCommand = keyof typeof KINDS;

export class Journal {
  readonly #topics: readonly string[];
  readonly traffic = new TrafficMeter();
  #entries: JournalEntry[] = [];
  #counted: CountedEntry[] = [];

  /** `topics`: of which events accepted commands are noted; `*`: of all. */
  constructor(topics: readonly string[]) {
    this.#topics = topics;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#counted.length === 0;
  }

  add(entry: JournalEntry): void {
    this.#entries.push(entry);
  }

  /** Counts a command that was accepted, and notes it if its event is among those that are noted. */
  accepted(
    command: PublishingCommand,
    topic: string,
    identity: Identity,
    by: { readonly whom: ConnectionWhom } | null,
  ): void {
    this.traffic.published(KINDS[command], topic);
    if (this.#topics.length === 0) return;
    if (this.#topics.includes("*") || matchesTopics(this.#topics, topic))
      this.#entries.push({ kind: "accepted", command, topic, ...whomOf(identity, by) });
  }

  /** Notes that a user's message or edit was marked with `flag`; `undefined`: it was not. `seq`: of the message. */
  flagged(
    flag: string | undefined,
    { seq, topic }: { readonly seq: number; readonly topic: string },
    identity: Identity,
    by: { readonly whom: ConnectionWhom } | null,
  ): void {
    if (flag !== undefined)
      this.#entries.push({ kind: "flagged", seq, flag, topic, ...whomOf(identity, by) });
  }

  counts(entries: readonly CountedEntry[]): void {
    this.#counted.push(...entries);
  }

  /** What was counted since the last time. */
  takeCounted(): readonly CountedEntry[] {
    const counted = this.#counted;
    if (counted.length > 0) this.#counted = [];
    return counted;
  }

  /** The entries since the last time, in order. */
  take(): readonly JournalEntry[] {
    if (this.#entries.length === 0) return NOTHING;
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }
}

const NOTHING: readonly JournalEntry[] = [];
