// The calls of a room that run in its one order, with the commands of its sockets: what each costs and does.
//
// To add a call: a method of `RoomCalls`, an entry here, and a method of `RoomObject` that names it.

import type { Actor } from "../access/identity.ts";
import { FAILED } from "../object/answers.ts";
import {
  type AppendResult,
  accept,
  type ChangeResult,
  type Outcome,
  type OwnSettings,
  type ReadResult,
  type ReceiptEntry,
  reject,
  type ScheduleResult,
  type SendResult,
  type TakeoverResult,
} from "../protocol/index.ts";
import type { PublishAct } from "./before-publish.ts";
import type { ChangeInput } from "./changes.ts";
import type { BansPage, Kick } from "./moderation.ts";
import { priceOf } from "./people/allowances.ts";
import type { SettingsPatch } from "./people/room-settings.ts";
import type { AppendInput, FinishInput } from "./producing.ts";
import type { MessageInput, SignalInput } from "./publisher.ts";
import type { Room } from "./room.ts";
import type { Asked } from "./ruling.ts";
import type { ScheduleInput, SchedulePatch } from "./schedule.ts";
import type { Turn } from "./turn.ts";

export interface RoomCall<Input, T> {
  /**
   * Whether the token is judged at once, as something of the call lasts: a revoked token does nothing of it, not even in
   * the minute in which isolates believe it.
   */
  readonly lasts: boolean;
  /** Whether something of its user stays in the room: the user's object knows the room from then on. */
  readonly leaves?: boolean;
  /** Whether the call may create the room, which the user's object counts. */
  readonly makes?: boolean;
  /** The answer if the room was never created; then the call does not create it. */
  readonly ifNone?: T;
  /** In tokens of the user's bucket, 1 unless given. */
  cost?(input: Input): number;
  /** Of a call that publishes: what the deployer's back end may be asked about, and the input with its answer. */
  readonly publishes?: {
    act(input: Input): PublishAct | undefined;
    withAsked(input: Input, asked: Asked): Input;
  };
  run(room: Room, turn: Turn, actor: Actor, input: Input): Outcome<T>;
}

export const PUBLISH_CALL: RoomCall<MessageInput, SendResult> = {
  lasts: true,
  leaves: true,
  makes: true,
  cost: ({ mentions }) => 1 + (mentions?.length ?? 0),
  publishes: {
    act: (input) => ({ type: "send", input }),
    withAsked: (input, asked) => ({ ...input, asked }),
  },
  run: ({ publisher }, turn, actor, input) => publisher.publish(actor, input, turn),
};

export const CHANGE_CALL: RoomCall<ChangeInput, ChangeResult> = {
  lasts: true,
  leaves: true,
  publishes: {
    act: (change) => (change.type === "edit" ? change : undefined),
    withAsked: (change, asked) => (change.type === "edit" ? { ...change, asked } : change),
  },
  run: ({ changes }, turn, actor, change) => changes.apply(actor, change, turn),
};

export const APPEND_CALL: RoomCall<AppendInput, AppendResult> = {
  lasts: true,
  cost: () => 0,
  run({ producing }, turn, actor, input) {
    const outcome = producing.append(actor, input, turn);
    // Only what a connection sends ahead is dropped: a call is always answered.
    return outcome === "dropped" ? reject(FAILED) : outcome;
  },
};

export const FINISH_CALL: RoomCall<FinishInput, ChangeResult> = {
  lasts: true,
  run: ({ producing }, turn, actor, input) => producing.finish(actor, input, turn),
};

export const STOP_CALL: RoomCall<number, undefined> = {
  lasts: true,
  run: ({ producing }, turn, actor, seq) => producing.stop(actor, seq, turn),
};

export const TAKEOVER_CALL: RoomCall<number, TakeoverResult> = {
  lasts: true,
  run: ({ producing }, turn, actor, seq) => producing.takeOver(actor, seq, turn),
};

export const SIGNAL_CALL: RoomCall<SignalInput, undefined> = {
  lasts: false,
  run: ({ publisher }, turn, actor, input) => publisher.signal(actor, input, turn, null),
};

export const READ_UP_TO_CALL: RoomCall<
  { readonly user: string; readonly seq: number | undefined },
  ReadResult
> = {
  lasts: true,
  leaves: true,
  run({ receipts }, { now }, _, { user, seq }) {
    receipts.read(user, seq, now);
    return accept(receipts.of(user));
  },
};

export const RECEIPTS_CALL: RoomCall<undefined, ReceiptEntry[]> = {
  lasts: false,
  ifNone: [],
  run({ receipts, allowances }, { now }, { identity }) {
    const list = receipts.list();
    // At most twice as many rows as are listed were read.
    allowances.charge(identity, priceOf(identity, { rows: 2 * list.length, bytes: 0 }) - 1, now);
    return accept(list);
  },
};

export const KICK_CALL: RoomCall<Kick, undefined> = {
  lasts: true,
  makes: true,
  run: ({ moderation }, turn, actor, kick) => moderation.kick(actor, kick, turn),
};

export const BANS_CALL: RoomCall<string | undefined, BansPage> = {
  lasts: false,
  ifNone: { bans: [], more: false },
  run: ({ moderation }, { now }, actor, after) => moderation.bans(actor, after, now),
};

export const UNBAN_CALL: RoomCall<string, undefined> = {
  lasts: true,
  ifNone: undefined,
  run: ({ moderation }, turn, actor, user) => moderation.unban(actor, user, turn),
};

export const CONFIGURE_CALL: RoomCall<SettingsPatch, OwnSettings> = {
  lasts: true,
  makes: true,
  run: ({ moderation }, turn, actor, patch) => moderation.configure(actor, patch, turn),
};

export const SCHEDULE_CALL: RoomCall<ScheduleInput, ScheduleResult> = {
  lasts: true,
  leaves: true,
  makes: true,
  cost: ({ mentions }) => 1 + (mentions?.length ?? 0),
  run: ({ time }, turn, actor, input) => time.schedule.add(actor, input, turn),
};

export const SCHEDULED_CALL: RoomCall<undefined, readonly string[]> = {
  lasts: false,
  ifNone: [],
  run: ({ time }, turn, actor) => time.schedule.list(actor, turn),
};

export const RESCHEDULE_CALL: RoomCall<SchedulePatch, string> = {
  lasts: true,
  run: ({ time }, turn, actor, patch) => time.schedule.change(actor, patch, turn),
};

export const UNSCHEDULE_CALL: RoomCall<string, undefined> = {
  lasts: true,
  run: ({ time }, _, actor, id) => time.schedule.cancel(actor, id),
};

export const PURGE_CALL: RoomCall<undefined, undefined> = {
  lasts: false,
  run: ({ moderation }, turn, actor) => moderation.purge(actor, turn),
};
