// What a producer may do with an open message, and what others may ask of it.

import { type Actor, userOf } from "../access/identity.ts";
import { encodeData } from "../object/encode-data.ts";
import { TokenBuckets } from "../object/token-bucket.ts";
import {
  type AppendContent,
  type AppendResult,
  accept,
  type ChangeResult,
  exceedsBytes,
  type Finish,
  MAX_STREAM_BYTES,
  type Outcome,
  type Refusal,
  refuse,
  reject,
  type TakeoverResult,
  utf8Length,
} from "../protocol/index.ts";
import type { RoomLog } from "./log/room-log.ts";
import { mayWrite, nameOf, tooLittle } from "./people/permissions.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { Accounts, Publisher } from "./publisher.ts";
import type { OpenStream, Patch } from "./streams/open-stream.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";

export interface AppendInput extends AppendContent {
  readonly seq: number;
  readonly n: number;
  readonly producer?: number | undefined;
}

export interface FinishInput {
  readonly seq: number;
  readonly status: Finish;
  /** As JSON. Left out: what was gathered stays. */
  readonly data?: string | undefined;
  readonly producer?: number | undefined;
}

/** What a user may append in a room, in bytes. */
const RATE = { perSecond: 65_536, burst: 262_144 };
/** What an append costs beside its text and patch, in bytes: so a user sends at most 512 a second for long. */
const APPEND_BYTES = 128;
/** Of the appends behind a gap so many are dropped for each that is refused: more than a producer has under way. */
const DROPPED_A_REFUSAL = 1_024;

const NO_SUCH_MESSAGE = refuse("not_found", "this room has no such message", { path: ["seq"] });
const FOREIGN = refuse("forbidden", "only its author and server code produce this message");
const NOT_OPEN = refuse("not_open", "this message is not open");
const TAKEN_OVER = refuse("taken_over", "another producer has taken this message over");
const FULL = refuse(
  "too_large",
  `a message that streams takes at most ${MAX_STREAM_BYTES} bytes of data as JSON`,
);
const TOO_FAST = "you append faster than this room takes it";
const OWN_FIELD = refuse("bad_request", "patch has the field whose text grows", { path: ["patch"] });

export interface ProducingRules extends Accounts {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly streams: Streams;
  readonly roomPresence: RoomPresence;
  readonly connections: { isOpen(connection: RoomConnection): boolean };
  readonly publisher: Pick<Publisher, "ended">;
}

/** `dropped`: it leaves a gap that was refused before. */
export type Appended = Outcome<AppendResult> | "dropped";

export class Producing {
  readonly #rules: ProducingRules;
  readonly #buckets = new TokenBuckets(RATE);
  /** The connection that produced a message last. */
  readonly #producers = new WeakMap<OpenStream, RoomConnection>();
  /** How many appends of a connection were dropped since its gap was refused. */
  readonly #gaps = new WeakMap<RoomConnection, Map<OpenStream, number>>();

  constructor(rules: ProducingRules) {
    this.#rules = rules;
  }

  /** `by`: the connection that sent it. `answers`: whether every append is answered. */
  append(
    actor: Actor,
    input: AppendInput,
    turn: Turn,
    by: RoomConnection | null = null,
    answers = true,
  ): Appended {
    const found = this.#findOwn(actor, input.seq, input.producer);
    if (!found.ok) return refused(found.refusal, input.seq);
    const stream = found.value;
    stream.heard(turn.now);
    if (input.n > stream.n + 1) return this.#gap(stream, by, answers);
    const refusal =
      input.n <= stream.n
        ? this.#pay(actor, APPEND_BYTES, turn.now)
        : this.#apply(actor, stream, input, turn);
    return refusal === undefined ? this.#accepted(stream, by) : refused(refusal, input.seq);
  }

  finish(
    actor: Actor,
    { seq, status, data, producer }: FinishInput,
    turn: Turn,
    by: RoomConnection | null = null,
  ): Outcome<ChangeResult> {
    const found = this.#findOwn(actor, seq, producer);
    if (!found.ok) return this.#hasEnded(actor, seq, status) ? accept({ seq: 0 }) : found;
    if (data !== undefined && exceedsBytes(data, MAX_STREAM_BYTES))
      return reject({ ...FULL, path: ["data"] });
    const stream = found.value;
    // Whatever its size it takes a bucket that is not in debt, and then what the user appends next waits.
    const refusal = data === undefined ? undefined : this.#pay(actor, utf8Length(data), turn.now, 0);
    if (refusal !== undefined) return reject(refusal);
    const ending = { state: status, data: data ?? stream.data, by: nameOf(actor) };
    const done = this.#rules.streams.end(stream, ending, turn);
    if (done === undefined) return reject(NO_SUCH_MESSAGE);
    this.#rules.journal.accepted("finish", stream.event, actor.identity, by);
    this.#rules.publisher.ended(done.target, turn);
    return accept({ seq: done.seq });
  }

  /** Asks the producer to stop. */
  stop(actor: Actor, seq: number, turn: Turn): Outcome<undefined> {
    const stream = this.#open(seq);
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    if (!stream.ok) return stream;
    const { streams: _, roomPresence, connections } = this.#rules;
    const by = nameOf(actor);
    stream.value.stopBy = by;
    const producer = this.#producers.get(stream.value);
    const isThere = producer !== undefined && connections.isOpen(producer);
    const { author } = stream.value;
    const to = isThere ? [producer] : roomPresence.connectionsOf(author);
    turn.delivery.emit(
      { kind: "only", to: new Set(to), ...(!isThere && author !== "" && { toUser: author }) },
      `{"type":"stop","seq":${seq},"by":${JSON.stringify(by)}}`,
    );
    return accept(undefined);
  }

  takeOver(actor: Actor, seq: number, turn: Turn, by: RoomConnection | null = null): Outcome<TakeoverResult> {
    const found = this.#find(actor, seq);
    if (!found.ok) return found;
    const stream = found.value;
    stream.takeOver();
    stream.heard(turn.now);
    // Written at once: after a crash the one before must still be refused.
    this.#rules.streams.save(stream, turn);
    this.#nameProducer(stream, by);
    const { n, producer } = stream;
    return accept({ n, producer });
  }

  /** Notes which connection produces a message, as it is told when somebody wants it to stop. */
  #nameProducer(stream: OpenStream, by: RoomConnection | null): void {
    if (by !== null) this.#producers.set(stream, by);
  }

  opened(seq: number, by: RoomConnection | null): void {
    const stream = this.#rules.streams.find(seq);
    if (stream !== undefined) this.#nameProducer(stream, by);
  }

  #apply(
    actor: Actor,
    stream: OpenStream,
    { text = "", patch = {} }: AppendInput,
    { now }: Turn,
  ): Refusal | undefined {
    if (Object.hasOwn(patch, stream.field)) return OWN_FIELD;
    const encoded = encodePatch(patch);
    if (!encoded.ok) return encoded.refusal;
    const { json, fields } = encoded.value;
    const bytes = utf8Length(JSON.stringify(text)) - 2 + (fields.size === 0 ? 0 : utf8Length(json) - 1);
    const { messageBytes } = this.#rules.settings.limits;
    if (bytes > messageBytes)
      return refuse("too_large", `an append has at most ${messageBytes} bytes as JSON`);
    if (stream.bytesWith(text, fields) > MAX_STREAM_BYTES) return FULL;
    const refusal = this.#pay(actor, APPEND_BYTES + bytes, now);
    if (refusal === undefined) stream.append(text, fields, now);
    return refusal;
  }

  /** Takes bytes of the rate of a user, if there are at least `needed`. Server code pays nothing. */
  #pay({ identity }: Actor, bytes: number, now: number, needed = bytes): Refusal | undefined {
    const user = userOf(identity)?.id;
    if (user === undefined) return undefined;
    const waitMs = this.#buckets.waitMs(user, needed, now);
    if (waitMs > 0) return refuse("rate_limited", TOO_FAST, { retryAfterMs: waitMs });
    this.#buckets.charge(user, bytes, now);
    return undefined;
  }

  #accepted(stream: OpenStream, by: RoomConnection | null): Outcome<AppendResult> {
    this.#nameProducer(stream, by);
    if (by !== null) this.#gaps.get(by)?.delete(stream);
    const { n, saved, stopBy } = stream;
    return accept({
      n,
      saved,
      paceMs: this.#rules.streams.paceMs,
      ...(stopBy !== undefined && { stop: stopBy }),
    });
  }

  /** A producer that sends ahead is told once: what follows leaves the same gap. */
  #gap(stream: OpenStream, by: RoomConnection | null, answers: boolean): Appended {
    const { seq, n } = stream;
    const refusal = refuse("gap", `the next append of this message is ${n + 1}`, { n: n + 1, seq });
    if (by === null || answers) return reject(refusal);
    const gaps = this.#gaps.get(by) ?? new Map<OpenStream, number>();
    const dropped = gaps.get(stream);
    const isDropped = dropped !== undefined && dropped < DROPPED_A_REFUSAL;
    this.#gaps.set(by, gaps.set(stream, isDropped ? dropped + 1 : 0));
    return isDropped ? "dropped" : reject(refusal);
  }

  #open(seq: number): Outcome<OpenStream> {
    const { streams, log } = this.#rules;
    const stream = seq > log.floor ? streams.find(seq) : undefined;
    if (stream !== undefined) return accept(stream);
    const target = log.find(seq);
    return reject(target === undefined || target.deleted ? NO_SUCH_MESSAGE : NOT_OPEN);
  }

  /** The message, if `actor` may produce it. */
  #find(actor: Actor, seq: number): Outcome<OpenStream> {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const found = this.#open(seq);
    return found.ok && !mayProduce(actor, found.value) ? reject(FOREIGN) : found;
  }

  /** The message, if `actor` is its `producer`. A number that no takeover gave yet would outlive the next one. */
  #findOwn(actor: Actor, seq: number, producer = 1): Outcome<OpenStream> {
    const found = this.#find(actor, seq);
    return found.ok && found.value.producer !== producer ? reject(TAKEN_OVER) : found;
  }

  /** Whether a producer that finishes again has done so before. */
  #hasEnded(actor: Actor, seq: number, status: Finish): boolean {
    if (!mayWrite(actor) || this.#rules.streams.find(seq) !== undefined) return false;
    const target = this.#rules.log.find(seq);
    return target !== undefined && mayProduce(actor, target) && target.meta.stream === status;
  }
}

const mayProduce = (
  { identity }: Actor,
  { author, byServer }: Pick<OpenStream, "author" | "byServer">,
): boolean => identity.kind === "server" || (!byServer && userOf(identity)?.id === author);

/** An append may be refused without an `id`, so its refusal names the message. */
const refused = (refusal: Refusal, seq: number): Outcome<never> => reject({ ...refusal, seq });

function encodePatch(
  patch: Readonly<Record<string, unknown>>,
): Outcome<{ readonly json: string; readonly fields: Patch }> {
  const whole = encodeData(patch);
  if (!whole.ok) return reject({ ...whole.refusal, path: ["patch"] });
  const fields = new Map(Object.entries(patch).map(([name, value]) => [name, JSON.stringify(value)]));
  return accept({ json: whole.value, fields });
}
