// What may be called on the object of a room, over RPC: by the Worker for a request, and by the objects of users.
//
// An answer that may be a refusal is an `Outcome`. A call that rejects did not reach the object, or failed there: what it
// was to do may or may not have been done. Instants and durations are in milliseconds if no other unit is named.

import type { Actor } from "../access/identity.ts";
import type { Departure } from "../object/close-codes.ts";
import type { PolledCommands } from "../object/polled-socket.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import type {
  AppendResult,
  ChangeResult,
  ImportResult,
  Outcome,
  OwnSettings,
  PresenceCommand,
  ReadResult,
  ReceiptEntry,
  RoomInfo,
  ScheduleResult,
  SendResult,
  StreamFormat,
  TakeoverResult,
  Topics,
} from "../protocol/index.ts";
import type { Report, RoomCounts } from "../registry/counts.ts";
import type { RoomUnread, SessionJoin } from "../session-rooms/session-delivery.ts";
import type { ChangeInput } from "./changes.ts";
import type { MembersInfo, MessagesPage } from "./looks.ts";
import type { BansPage, Kick } from "./moderation.ts";
import type { SettingsPatch } from "./people/room-settings.ts";
import type { AppendInput, FinishInput } from "./producing.ts";
import type { MessageInput, SignalInput } from "./publisher.ts";
import type { ScheduleInput, SchedulePatch } from "./schedule.ts";
import type { WatchedPage, WatchQuery } from "./watch-look.ts";

/** An answer that some objects give at once: over RPC every answer is a promise. */
type Answer<T> = T | Promise<T>;

/** Calls that only look: they never create a room. Each answers for an empty room if there is none. */
interface Looks {
  /** Cursor, occupancy and settings. Refuses an actor who is kept out, as all calls with an actor do. */
  info(actor: Actor): Answer<Outcome<RoomInfo>>;
  /**
   * The latest messages before `before` (left out: the end of the log), at most `limit`, in ascending order. They are
   * JSON already. Costs the actor's allowance what was looked at.
   */
  messages(
    actor: Actor,
    before: number | undefined,
    limit: number,
    topics: Topics,
  ): Answer<Outcome<MessagesPage>>;
  members(actor: Actor): Answer<Outcome<MembersInfo>>;
  /** What is new after a cursor, as all who watch from there are answered. Costs the actor's allowance as `messages` does. */
  watch(actor: Actor, query: WatchQuery): Answer<Outcome<WatchedPage>>;
  /** How far users have read: those who read last, at most 1,000. */
  receipts(actor: Actor): Answer<Outcome<ReceiptEntry[]>>;
  /** The scheduled messages that the actor may see, each as JSON, the next one first. */
  scheduledMessages(actor: Actor): Answer<Outcome<readonly string[]>>;
  /** At most 1,000 bans in force, the next to end first; `after`: the user whose ban the page before ended with. */
  bans(actor: Actor, after: string | undefined): Answer<Outcome<BansPage>>;
}

/** Calls that change something. They run in the room's one order, with the commands of its sockets. */
interface Acts {
  /** Stores a message and delivers it. The same `id` again answers as the first time, with `duplicate`. */
  publish(actor: Actor, input: MessageInput): Answer<Outcome<SendResult>>;
  /** Edits or deletes a message, or changes a reaction to it. `seq` is 0 if nothing had to change. */
  change(actor: Actor, change: ChangeInput): Answer<Outcome<ChangeResult>>;
  /** Adds to an open message, ends it, or asks for its end. `saved` of the answer is durable. */
  append(actor: Actor, input: AppendInput): Answer<Outcome<AppendResult>>;
  finish(actor: Actor, input: FinishInput): Answer<Outcome<ChangeResult>>;
  stop(actor: Actor, seq: number): Answer<Outcome<undefined>>;
  /** Makes the caller the producer of an open message. */
  takeover(actor: Actor, seq: number): Answer<Outcome<TakeoverResult>>;
  /** Delivers an event to those who are connected now. Nothing is stored. */
  signal(actor: Actor, input: SignalInput): Answer<Outcome<undefined>>;
  /** Moves the read position of `user` forward to `seq` (left out: the end of the log); never back. */
  read(actor: Actor, user: string, seq: number | undefined): Answer<Outcome<ReadResult>>;
  /** Closes the connections of a user, and bans them for `banSeconds`. */
  kick(actor: Actor, kick: Kick): Answer<Outcome<undefined>>;
  /** Lifts the ban of `user`. Succeeds if there is none. */
  unban(actor: Actor, user: string): Answer<Outcome<undefined>>;
  /** Changes the settings that the patch has. Answers all of them. */
  configure(actor: Actor, patch: SettingsPatch): Answer<Outcome<OwnSettings>>;
  /** Schedules a message. The same `id` again answers as the first time, with `duplicate`, also after it was sent. */
  schedule(actor: Actor, input: ScheduleInput): Answer<Outcome<ScheduleResult>>;
  /** Changes a scheduled message, and answers it as JSON. A user has their own only, server code all. */
  reschedule(actor: Actor, patch: SchedulePatch): Answer<Outcome<string>>;
  /** Cancels a scheduled message. */
  unschedule(actor: Actor, id: string): Answer<Outcome<undefined>>;
  /** Deletes log, receipts and scheduled messages, and closes all connections. Settings and bans stay. The caller must be server code. */
  purge(actor: Actor): Answer<Outcome<undefined>>;
}

/** Calls of a user's object. It is trusted: none of them takes an actor to judge, but for a `join`. */
interface CallsOfUsers {
  /** These tokens of `user` are revoked from now on. `false`: there is no such room, and none is created. */
  revoke(user: string, revokedTokens: RevokedTokens): Answer<boolean>;
  /** How much `user` has left to read; `null`: they are banned here. Never creates the room. */
  unreadOf(user: string): Answer<RoomUnread | null>;
  /** The user unfollowed this room: with their next opening they follow it again. */
  forget(user: string): Answer<void>;
  /** The user's object will not tell this room of revocations any more. `false`: it must, the user is connected here. */
  release(user: string): Answer<boolean>;
  /** What the room holds of a user, from `after` on (0: all). Never creates the room. */
  userData(user: string, after: number): Answer<UserDataPage>;
  /**
   * Erases a user here, and tells of their revoked tokens as `revoke` and `forget` do. Bans stay. A long log takes several
   * calls of about a second: each goes on where the one before ended.
   */
  erase(order: ErasureOrder, revokedTokens: RevokedTokens): Promise<Erased>;
  /** A session joins. The answer to its command and its first frames come with a delivery (`UserCalls.deliver`). */
  join(join: SessionJoin): Answer<Outcome<undefined>>;
  /** Frames of a session, as they came. `false`: it has not joined. */
  receive(session: string, frames: readonly string[]): Answer<boolean>;
  /** A session leaves. Settles when everything that was sent to the user's sessions before was delivered. */
  leave(session: string, departure: Departure): Answer<void>;
  /** The token of a session was renewed: `actor` is who it is of now, and what they may do here. */
  renew(session: string, actor: Actor): Answer<void>;
  /** The presence that a session sets in all of its rooms. */
  present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Answer<void>;
}

/** A part of what a room holds of a user. */
export interface UserDataPage {
  /** Lines of the export of a user, each with its end. */
  readonly lines: string;
  readonly messages: number;
  /** The `after` of the next page; `null`: there is none. */
  readonly next: number | null;
}

export interface ErasureOrder {
  readonly user: string;
  /** What the user said or read until then is erased, in milliseconds: later it was somebody who came anew. */
  readonly until: number;
  /** Left out: from the beginning of the log. */
  readonly from?: ErasurePlace | undefined;
}

/** How far an erasure has come in a log: behind the message `after`. */
export interface ErasurePlace {
  readonly epoch: string;
  readonly after: number;
}

/** What one call erased. */
export interface Erased {
  readonly messages: number;
  readonly reactions: number;
  /** Whether nothing of the user is left. */
  readonly isDone: boolean;
  /** If not: from where the next call goes on. */
  readonly next?: ErasurePlace | undefined;
  /** Whether somebody with the same id is here, or said something later. */
  readonly isBack: boolean;
}

/** Calls of the Worker for clients that poll. */
interface CallsOfPolls {
  /** What such a client sends. `false`: there is no such connection. Settles when it has taken effect. */
  receivePolled(commands: PolledCommands): Answer<boolean>;
}

/** Calls of the registry. */
interface CallsOfRegistry {
  /** How many are here and what is stored. Never creates the room: `counts` is `null` if there is none. */
  reportNow(): Answer<Report<RoomCounts>>;
}

/** The body of a streaming POST, behind its first line. */
export interface AnswerBody<Bytes> {
  readonly format: StreamFormat;
  readonly bytes: Bytes;
}

export interface AnswerUnderWay<Bytes> extends SendResult {
  /** Each is a `StreamedLine` as JSON. */
  readonly lines: Bytes;
}

/** The call whose body and answer are streams of `Bytes`, a type of the runtime. */
export interface AnswerCalls<Bytes> {
  /**
   * Opens a message as `publish` does, or finds it open, and writes into it what a body brings. Answers when it is open;
   * `lines` say how it goes on, for as long as the body does.
   */
  streamAnswer(
    actor: Actor,
    input: MessageInput,
    body: AnswerBody<Bytes>,
  ): Promise<Outcome<AnswerUnderWay<Bytes>>>;
}

export interface ImportWay {
  /** Whether the log keeps the epoch that it had. */
  readonly keepsEpoch: boolean;
}

/** The calls that carry a whole log, as lines of JSON in streams of `Bytes`, a type of the runtime. */
export interface PortableCalls<Bytes> {
  /** The lines of an export. It breaks off before its last line if the room fails, or is purged meanwhile. */
  exportLog(actor: Actor): Promise<Outcome<Bytes>>;
  /**
   * Takes the lines of an export into a room without a log. All connections are closed; until it has ended the room refuses
   * all calls and connections. One that is refused, or breaks off, leaves the room without a log.
   */
  importLog(actor: Actor, way: ImportWay, body: Bytes): Promise<Outcome<ImportResult>>;
}

export interface RoomCalls extends Looks, Acts, CallsOfUsers, CallsOfPolls, CallsOfRegistry {}
