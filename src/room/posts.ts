// What is said in a room, by a connection or over HTTP: who may, what is stored, who hears it.

import { type Actor, userOf } from "../auth/identity.ts";
import { includes } from "../auth/room-permission.ts";
import {
  CHAT_EVENT,
  matchesTopics,
  type Refusal,
  refuse,
  type Sender,
  type SendResult,
} from "../protocol/index.ts";
import { encodeData, type Outcome } from "../realtime/encode-json.ts";
import type { Attendance } from "./attendance.ts";
import type { Delivery } from "./delivery.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { Draft, RoomLog } from "./room-log.ts";
import type { RoomSettings } from "./room-settings.ts";

export interface MessageInput extends Omit<Draft, "event" | "data"> {
  /** In whose name server code speaks; a user speaks in their own. */
  readonly from?: Sender | undefined;
  readonly event?: string | undefined;
  readonly data: unknown;
}

export interface SignalInput {
  readonly from?: Sender | undefined;
  readonly event: string;
  readonly data?: unknown;
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
    const event = input.event ?? CHAT_EVENT;
    const forbidden = this.#mayPost(actor, event);
    if (forbidden !== undefined) return refusal(forbidden);
    const data = encodeData(input.data, this.#settings.limits.messageBytes);
    if (!data.ok) return data;
    const stored = this.#log.store({ ...input, event, data: data.value }, senderOf(actor, input.from), now);
    if ("refusal" in stored) return refusal(stored.refusal);
    if (stored.body !== undefined) {
      const instead = echo?.(stored.result);
      delivery.say({ kind: "stored", event, ...(instead !== undefined && { instead }) }, stored.body);
    }
    return { ok: true, value: stored.result };
  }

  signal(
    actor: Actor,
    input: SignalInput,
    delivery: Delivery,
    now: number,
    by: RoomConnection | null,
  ): Outcome<undefined> {
    const { event, to, except } = input;
    const forbidden = this.#mayPost(actor, event);
    if (forbidden !== undefined) return refusal(forbidden);
    const data = encodeData(input.data ?? null, this.#settings.limits.messageBytes);
    if (!data.ok) return data;
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
      `{"type":"signal","event":"${event}","from":${sender},"data":${data.value},"at":${now}}`,
    );
    return { ok: true, value: undefined };
  }

  #mayPost({ identity, permission }: Actor, event: string): Refusal | undefined {
    if (identity.kind === "server") return undefined;
    if (identity.kind === "anonymous" || !includes(permission, "write")) return NO_WRITE;
    if (matchesTopics(this.#settings.serverEvents, event)) {
      return refuse("forbidden", `only server code sends ${event}`, { path: ["event"] });
    }
    return undefined;
  }
}

const senderOf = ({ identity }: Actor, from: Sender | undefined): Sender | null =>
  identity.kind === "server" ? (from ?? null) : userOf(identity);
