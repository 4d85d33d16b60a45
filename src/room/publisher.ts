// Messages and signals, sent by a connection or over HTTP: who may send them, what is stored, who receives them.

import { type Actor, userOf } from "../access/identity.ts";
import { oversize } from "../object/encode-data.ts";
import type { Journal } from "../object/journal.ts";
import { BYTES_A_UNIT, EXPIRY, MENTION, ROW, type Spending } from "../object/spending.ts";
import {
  accept,
  CHAT_EVENT,
  type Outcome,
  type Refusal,
  refuse,
  reject,
  type Sender,
  type SendResult,
} from "../protocol/index.ts";
import type { Draft, RoomLog, Target, Voice } from "./log/room-log.ts";
import { whereabouts } from "./people/mentions.ts";
import { keptForServer, mayWrite, tooLittle } from "./people/permissions.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import type { SlowMode } from "./people/slow-mode.ts";
import type { Asked, AsksAbout } from "./ruling.ts";
import { agentTurnsRefusal } from "./streams/agent-turns.ts";
import { readContent, type StreamContent } from "./streams/open-stream.ts";
import type { Streams } from "./streams.ts";
import type { Turn } from "./turn.ts";

export interface MessageInput extends Omit<Draft, "event" | "flag"> {
  /** The user in whose name server code sends; a user sends in their own. */
  readonly from?: Sender | undefined;
  readonly event?: string | undefined;
  /** What the deployer's back end was asked; left out: nothing. */
  readonly asked?: Asked | undefined;
}

export interface SignalInput {
  readonly from?: Sender | undefined;
  readonly event: string;
  /** `data` as JSON. */
  readonly data: string;
  readonly to?: string | undefined;
  /** A user id that does not receive it; for server code only. */
  readonly except?: string | undefined;
}

/** Where acts are noted. */
export interface Accounts {
  readonly spending: Spending;
  readonly journal: Journal;
}

export interface PublishingRules extends Accounts {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly roomPresence: RoomPresence;
  readonly streams: Streams;
  readonly asksAbout: AsksAbout | undefined;
}

const NOT_ASKED = refuse("overloaded", "this message was not judged: send it again", { retryAfterMs: 1_000 });
const NOT_STREAMED = refuse(
  "forbidden",
  "messages of this topic are judged before others read them, so a user cannot stream here",
  { path: ["stream"] },
);

export class Publisher {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  readonly #roomPresence: RoomPresence;
  readonly #streams: Streams;
  readonly #slowMode: SlowMode;
  readonly #spending: Spending;
  readonly #journal: Journal;
  readonly #asksAbout: AsksAbout | undefined;

  constructor(
    { settings, log, roomPresence, streams, spending, journal, asksAbout }: PublishingRules,
    slowMode: SlowMode,
  ) {
    this.#asksAbout = asksAbout;
    this.#spending = spending;
    this.#journal = journal;
    this.#settings = settings;
    this.#log = log;
    this.#roomPresence = roomPresence;
    this.#streams = streams;
    this.#slowMode = slowMode;
  }

  /**
   * Stores a message, and hands its event to the delivery. `by`: the connection that sent it. `echo` makes the answer
   * that one connection gets in place of the event.
   */
  publish(
    actor: Actor,
    input: MessageInput,
    turn: Turn,
    by: RoomConnection | null = null,
    echo?: (result: SendResult) => { readonly on: RoomConnection; readonly answer: string },
  ): Outcome<SendResult> {
    const { now } = turn;
    const draft = { ...input, event: input.event ?? CHAT_EVENT, ...input.asked?.ruling };
    const voice = voiceOf(actor, input.from);
    const known = this.#foresee(actor, draft, voice, now);
    if (known !== undefined) return known;
    // A last look: what a back end is to judge is never stored without its answer.
    if (this.#isToBeAsked(actor, draft.event) && input.asked?.ruling === undefined) return reject(NOT_ASKED);
    const opening = draft.stream ? this.#openingOf(actor, draft) : undefined;
    if (opening?.ok === false) return opening;
    const retired = this.#streams.endRetired(turn);
    if (retired !== undefined) this.interrupted(retired, turn);
    const stored = this.#log.storeMessage(draft, voice, now, this.#streams.seqs);
    if (!stored.ok) return stored;
    if (actor.identity.kind === "user") {
      const { data, mentions = [], expiresInSeconds } = draft;
      const expiry = expiresInSeconds === undefined ? 0 : EXPIRY;
      const { telling } = this.#spending;
      const mentioned = mentions.length * (MENTION + telling.mention);
      this.#spending.add(
        actor.identity.user.id,
        ROW + telling.message + data.length / BYTES_A_UNIT + mentioned + expiry,
      );
    }
    const { result, body } = stored.value;
    this.#slowMode.acted(actor, result.seq, now);
    const instead = echo?.(result);
    this.#journal.accepted("send", draft.event, actor.identity, by);
    const { flag, event: topic } = draft;
    this.#journal.flagged(flag, { seq: result.seq, topic }, actor.identity, by);
    if (opening !== undefined)
      this.#streams.opened({ ...draft, ...voice, seq: result.seq, content: opening.value }, now);
    else this.#mention(draft.mentions, voice.from, result.seq, turn);
    turn.delivery.emit(
      { kind: "stored", event: draft.event, ...(instead !== undefined && { instead }) },
      body,
    );
    return accept(result);
  }

  /** Why this message could not be stored, whenever it is sent, if so. */
  refusalFor(actor: Actor, draft: Pick<Draft, "event" | "data" | "replyTo">): Refusal | undefined {
    if (!mayWrite(actor)) return tooLittle(actor, "write");
    return this.#validationRefusal(actor, draft) ?? this.#log.replyRefusal(draft);
  }

  /** What is known of a message without storing it: why it is refused, or where its first is; `undefined`: it can be stored. */
  foresee(actor: Actor, input: MessageInput, now: number): Outcome<SendResult> | undefined {
    const draft = { ...input, event: input.event ?? CHAT_EVENT };
    const known = this.#foresee(actor, draft, voiceOf(actor, input.from), now);
    if (known !== undefined) return known;
    const refusal = this.#log.replyRefusal(draft);
    return refusal === undefined ? undefined : reject(refusal);
  }

  #foresee(actor: Actor, draft: Draft, voice: Voice, now: number): Outcome<SendResult> | undefined {
    if (!mayWrite(actor)) return reject(tooLittle(actor, "write"));
    const repeat = this.#log.findRepeat(draft, voice);
    if (repeat !== undefined) return repeat;
    const streams = draft.stream && this.#isToBeAsked(actor, draft.event);
    const refusal =
      this.#validationRefusal(actor, draft) ??
      (streams ? NOT_STREAMED : undefined) ??
      this.#slowMode.holds(actor, now);
    return refusal === undefined ? undefined : reject(refusal);
  }

  #isToBeAsked({ identity }: Actor, event: string): boolean {
    return this.#asksAbout !== undefined && identity.kind === "user" && this.#asksAbout(event);
  }

  /** Delivers an event that is not stored. `by`: the connection that sent it, which does not get it back. */
  signal(
    actor: Actor,
    input: SignalInput,
    { delivery, now }: Turn,
    by: RoomConnection | null,
  ): Outcome<undefined> {
    const { event, data, to, except } = input;
    const refusal = mayWrite(actor) ? this.#validationRefusal(actor, input) : tooLittle(actor, "write");
    if (refusal !== undefined) return reject(refusal);
    this.#journal.accepted("signal", event, actor.identity, by);
    const from = senderOf(actor, input.from);
    const sender = from === null ? "null" : JSON.stringify({ id: from.id });
    const deaf = new Set(except === undefined ? [] : this.#roomPresence.connectionsOf(except));
    if (by !== null) deaf.add(by);
    delivery.emit(
      {
        kind: "signal",
        event,
        // If one sender repeats a signal within a flush, only the last one is sent. Server code in its own name is no
        // sender, as its signals may be about many things; what it sends in a user's name that user cannot replace.
        ...(from !== null && {
          // None of them has a line break.
          replaces: `${by?.state.id ?? actor.identity.kind}\n${from.id}\n${event}\n${to ?? ""}\n${except ?? ""}`,
        }),
        except: deaf,
        ...(by !== null && { by }),
        ...(except !== undefined && { exceptUser: except }),
        ...(to !== undefined && { to: this.#roomPresence.connectionsOf(to), toUser: to }),
      },
      `{"type":"signal","event":"${event}","from":${sender},"data":${data},"at":${now}}`,
    );
    return accept(undefined);
  }

  /** A message that streamed is whole: now those whom it mentions are notified. */
  ended({ meta: { mentions, from }, seq }: Target, turn: Turn): void {
    this.#mention(mentions, from, seq, turn);
  }

  /** The room ended an open message. */
  interrupted(target: Target, turn: Turn): void {
    const { seq, event: topic, author } = target;
    this.#journal.add({ kind: "interrupted", seq, topic, user: author === "" ? null : author });
    this.ended(target, turn);
  }

  /** Notes whom of these users a message has to be told. */
  #mention(mentions: readonly string[] = [], from: Sender | null, seq: number, turn: Turn): void {
    const { pingMs } = this.#settings.limits;
    for (const user of new Set(mentions)) {
      if (user === from?.id) continue;
      const where = whereabouts(this.#roomPresence.connectionsOf(user), pingMs, turn.now);
      if (where !== "here") turn.mentions.push({ user, seq, epoch: this.#log.epoch, from, ...where });
    }
  }

  /** Read before the message is stored: what cannot be read is not opened. */
  #openingOf({ identity }: Actor, { data, field }: Draft): Outcome<StreamContent> {
    const { maxAgentTurns } = this.#settings;
    const content = readContent(data, field);
    if (!content.ok) return content;
    const refusal =
      this.#streams.openingRefusal(userOf(identity)?.id ?? null) ??
      agentTurnsRefusal(maxAgentTurns, this.#log);
    return refusal === undefined ? content : reject(refusal);
  }

  #validationRefusal(actor: Actor, { event, data }: { event: string; data: string }): Refusal | undefined {
    const { serverEvents, limits } = this.#settings;
    return keptForServer(serverEvents, actor, event) ?? oversize(data, limits.messageBytes);
  }
}

const voiceOf = (actor: Actor, from: Sender | undefined): Voice => ({
  from: senderOf(actor, from),
  byServer: actor.identity.kind === "server",
});

const senderOf = ({ identity }: Actor, from: Sender | undefined): Sender | null =>
  identity.kind === "server" ? (from ?? null) : userOf(identity);
