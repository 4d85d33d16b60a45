// A reader of open messages that knows only PROTOCOL.md (§3, §11), and nothing of our client. What it shows is judged after
// each event.

export interface RawMessage {
  readonly seq: number;
  readonly data: { readonly text?: string } | null;
  readonly stream?: string;
  readonly n?: number;
  readonly changed?: number;
  readonly deletedAt?: number;
}

interface Held extends RawMessage {
  /** How many appends are in its text. */
  readonly n: number;
}

interface RawEvent {
  readonly type: string;
  readonly seq: number;
  readonly n?: number;
  readonly text?: string;
  readonly data?: { readonly text?: string };
  readonly message?: RawMessage;
  readonly target?: number;
  readonly events?: readonly RawEvent[];
  readonly epoch?: string;
  readonly recovery?: string;
  readonly more?: boolean;
  readonly code?: string;
  readonly room?: string;
}

const SEQUENCED = new Set(["message", "messageUpdated", "messageDeleted", "reaction"]);

export interface RawReaderOptions {
  readonly name: string;
  /** Why what it shows is wrong, if so. */
  judge(shown: RawMessage & { readonly n: number }): string | undefined;
  /** Whether an append may come twice: on a session, if an answer between two objects was lost. */
  readonly mayHearTwice?: boolean;
  /** Called with the command that fetches the rest of a long replay. */
  page?(command: { readonly type: "history"; readonly id: string; readonly after: number }): void;
}

export class RawReader {
  readonly name: string;
  readonly faults: string[] = [];
  readonly counts = { appends: 0, streams: 0, bytes: 0, events: 0, connects: 0 };
  readonly #options: RawReaderOptions;
  readonly #messages = new Map<number, Held>();
  #epoch: string | undefined;
  #seq = 0;
  #isLive = false;

  constructor(options: RawReaderOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** It has had its first frames. */
  get isLive(): boolean {
    return this.#isLive;
  }

  get cursor(): string | undefined {
    return this.#epoch === undefined ? undefined : `${this.#epoch}.${this.#seq}`;
  }

  /** How far it has open messages, as a connect says it. */
  get have(): string {
    const open = [...this.#messages.values()].filter(({ stream }) => stream === "open");
    return open.map(({ seq, n }) => `${seq}:${n}`).join(",");
  }

  /** The streamed message with the greatest `seq`. */
  get shown(): (RawMessage & { readonly n: number }) | undefined {
    return [...this.#messages.values()].findLast(({ stream }) => stream !== undefined);
  }

  /** Its connection is gone; what it shows stays. */
  lost(): void {
    this.#isLive = false;
  }

  receives(frame: string): void {
    this.counts.bytes += frame.length;
    const parsed: RawEvent = JSON.parse(frame);
    for (const event of parsed.type === "batch" ? (parsed.events ?? []) : [parsed]) this.#hear(event);
  }

  #hear(event: RawEvent): void {
    this.counts.events += 1;
    const { type, seq, message, target = 0 } = event;
    if (type === "connected") this.#greeted(event);
    else if (type === "append") this.#append(event);
    else if (type === "stream") this.#replace(event);
    else if (type === "caughtUp") this.#caughtUp(event);
    else if (type === "ok") this.#page(event);
    if (!SEQUENCED.has(type)) return;
    if (type === "message")
      this.#put(event as RawMessage); // its fields are those of the message
    else if (message !== undefined && this.#messages.has(message.seq)) this.#put(message);
    else if (type === "messageDeleted") this.#messages.delete(target);
    this.#moveTo(seq);
  }

  #greeted({ epoch, recovery }: RawEvent): void {
    this.counts.connects += 1;
    this.#isLive = false;
    if (recovery === "none" || recovery === "lost") this.#messages.clear();
    this.#epoch = epoch;
    if (recovery === "none" || recovery === "lost") this.#seq = 0;
  }

  #caughtUp({ seq, more }: RawEvent): void {
    this.#moveTo(seq);
    if (more) this.#options.page?.({ type: "history", id: `h${seq}`, after: seq });
    else this.#isLive = true;
  }

  /** A page of a long replay. */
  #page({ events, seq, more }: RawEvent): void {
    if (events === undefined) return;
    for (const event of events) this.#hear(event);
    this.#moveTo(seq);
    if (more) this.#options.page?.({ type: "history", id: `h${seq}`, after: seq });
  }

  /** A version from the log. Of an open message it may have less than came already. */
  #put(version: RawMessage): void {
    const { seq, stream } = version;
    const held = this.#messages.get(seq);
    const n = stream === "open" ? (version.n ?? 0) : Number.POSITIVE_INFINITY;
    if (held !== undefined && (held.changed ?? 0) > (version.changed ?? 0)) return;
    const keeps = held?.stream === "open" && stream === "open" && held.n > n;
    this.#set(keeps ? { ...version, data: held.data, n: held.n } : { ...version, n });
  }

  #append({ seq, n = 0, text = "" }: RawEvent): void {
    this.counts.appends += 1;
    const held = this.#messages.get(seq);
    if (held?.stream !== "open") this.#fault(`an append to ${seq}, which is ${held?.stream ?? "unknown"}`);
    else if (n > held.n)
      this.#set({ ...held, n, data: { ...held.data, text: `${held.data?.text ?? ""}${text}` } });
    else if (!this.#options.mayHearTwice) this.#fault(`append ${n} of ${seq} came when it had ${held.n}`);
  }

  #replace({ seq, n = 0, data = {} }: RawEvent): void {
    this.counts.streams += 1;
    const held = this.#messages.get(seq);
    // It may be older than what the reader asked for.
    if (held?.stream === "open") this.#set({ ...held, n, data });
    else if (held !== undefined) this.#fault(`a stream of ${seq}, which is ${held.stream}`);
  }

  #set(message: Held): void {
    this.#messages.set(message.seq, message);
    if (message.stream === undefined || message.deletedAt !== undefined) return;
    const wrong = this.#options.judge(message);
    if (wrong !== undefined) this.#fault(wrong);
  }

  #moveTo(seq: number): void {
    if (seq < this.#seq) this.#fault(`its cursor goes from ${this.#seq} back to ${seq}`);
    this.#seq = Math.max(seq, this.#seq);
  }

  #fault(what: string): void {
    this.faults.push(`${this.name}: ${what}`);
  }
}
