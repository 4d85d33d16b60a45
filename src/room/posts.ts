// What is said in a room, by a connection or over HTTP: who may, what is stored, who hears it.

import { type Actor, userOf } from "../auth/identity.ts";
import { includes } from "../auth/room-permission.ts";
import {
  CHAT_EVENT,
  matchesTopics,
  type Outcome,
  type Refusal,
  refuse,
  type Sender,
  type SendResult,
} from "../protocol/index.ts";
import { oversize } from "../realtime/encode-data.ts";
import type { Attendance } from "./attendance.ts";
import type { Delivery } from "./delivery.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { Draft, RoomLog } from "./room-log.ts";
import type { RoomSettings } from "./room-settings.ts";

export interface MessageInput extends Omit<Draft, "event"> {
  /** In whose name server code speaks; a user speaks in their own. */
  readonly from?: Sender | undefined;
  readonly event?: string | undefined;
}

export interface SignalInput {
  readonly from?: Sender | undefined;
  readonly event: string;
  /** `data` as JSON. */
  readonly data: string;
  readonly to?: string | undefined;
  /** A user id that shall not hear it; only server code may say so. */
  readonly except?: string | undefined;
}

const refusal = (why: Refusal): Outcome<never> => ({ ok: false, refusal: why });
const NO_WRITE = refuse("forbidden", "you may not write in this room");

export class Posts {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  readonly #attendance: Attendance;

  constructor(settings: RoomSettings, log: RoomLog, attendance: Attendance) {
    this.#settings = settings;
    this.#log = log;
    this.#attendance = attendance;
  }

  /** Stores a message and says it. `echo` makes the answer that stands on a connection in place of the event. */
  send(
    actor: Actor,
    input: MessageInput,
    delivery: Delivery,
    now: number,
    echo?: (result: SendResult) => { readonly on: RoomConnection; readonly answer: string },
  ): Outcome<SendResult> {
    const draft = { ...input, event: input.event ?? CHAT_EVENT };
    const from = senderOf(actor, input.from);
    if (!mayWrite(actor)) return refusal(NO_WRITE);
    const repeat = this.#log.findRepeat(draft, from);
    if (repeat !== undefined) return repeat;
    const misfit = this.#misfit(actor, draft);
    if (misfit !== undefined) return refusal(misfit);
    const stored = this.#log.store(draft, from, now);
    if (!stored.ok) return stored;
    const { result, body } = stored.value;
    const instead = echo?.(result);
    delivery.say({ kind: "stored", event: draft.event, ...(instead !== undefined && { instead }) }, body);
    return { ok: true, value: result };
  }

  signal(
    actor: Actor,
    input: SignalInput,
    delivery: Delivery,
    now: number,
    by: RoomConnection | null,
  ): Outcome<undefined> {
    const { event, data, to, except } = input;
    const misfit = mayWrite(actor) ? this.#misfit(actor, input) : NO_WRITE;
    if (misfit !== undefined) return refusal(misfit);
    const from = senderOf(actor, input.from);
    const sender = from === null ? "null" : JSON.stringify({ id: from.id });
    const deaf = new Set(except === undefined ? [] : this.#attendance.connectionsOf(except));
    if (by !== null) deaf.add(by);
    delivery.say(
      {
        kind: "signal",
        event,
        except: deaf,
        ...(to !== undefined && { to: this.#attendance.connectionsOf(to) }),
      },
      `{"type":"signal","event":"${event}","from":${sender},"data":${data},"at":${now}}`,
    );
    return { ok: true, value: undefined };
  }

  #misfit({ identity }: Actor, { event, data }: { event: string; data: string }): Refusal | undefined {
    const { serverEvents, limits } = this.#settings;
    if (identity.kind !== "server" && matchesTopics(serverEvents, event)) {
      return refuse("forbidden", `only server code sends ${event}`, { path: ["event"] });
    }
    return oversize(data, limits.messageBytes);
  }
}

const mayWrite = ({ identity, permission }: Actor): boolean =>
  identity.kind === "server" || (identity.kind === "user" && includes(permission, "write"));

const senderOf = ({ identity }: Actor, from: Sender | undefined): Sender | null =>
  identity.kind === "server" ? (from ?? null) : userOf(identity);
