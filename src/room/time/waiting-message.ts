// A scheduled message: as it is stored, as its author and server code are shown it, and as it is sent.

import { type Actor, SERVER } from "../../access/identity.ts";
import {
  type Permission,
  parseJson,
  type Refusal,
  type Scheduled,
  type Sender,
} from "../../protocol/index.ts";
import type { Draft } from "../log/room-log.ts";

/** As the publisher takes it. */
export interface DueInput extends Draft {
  /** The user in whose name server code sends it. */
  readonly from?: Sender | undefined;
}

/** A message whose time has come. Whether it may be sent is found out outside of the flush. */
export interface DueMessage {
  readonly key: string;
  /** Another one with each change of the message. */
  readonly version: number;
  /** With `permissionUntil` the back end has to be asked anew. */
  readonly actor: Actor;
  readonly input: DueInput;
}

/** Who is judged when the message is due: its author, with the token that scheduled it. */
export interface WaitingAuthor {
  readonly user: Sender;
  readonly issuedAt: number | null;
  readonly expiresAt: number;
  readonly permission: Permission;
  /** Whether the back end gave the permission: it is asked anew. */
  readonly isAsked: boolean;
}

export interface WaitingMessage {
  readonly id: string;
  readonly event: string;
  readonly from: Sender | null;
  /** `null`: server code. */
  readonly author: WaitingAuthor | null;
  /** As JSON: it may be nested deeper than the engine encodes. */
  readonly data: string;
  readonly replyTo?: number | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly expiresInSeconds?: number | undefined;
  readonly sendAt: number;
  /** When it was scheduled, in milliseconds. */
  readonly at: number;
  /** Since when it cannot be sent for a reason that may pass, in milliseconds. */
  readonly failingSince?: number | undefined;
  readonly error?: Refusal | undefined;
}

export const encodeWaiting = (message: WaitingMessage): string => JSON.stringify(message);

export function decodeWaiting(body: string): WaitingMessage {
  const message = parseJson(body);
  if (message === undefined) throw new Error("a scheduled message cannot be read");
  return message as WaitingMessage; // only `encodeWaiting` writes these rows
}

/** As it is listed, encoded. */
export function encodeScheduled(message: WaitingMessage): string {
  const { id, event, from, author, data, replyTo, mentions, expiresInSeconds, sendAt, at, error } = message;
  const shown: Omit<Scheduled, "data"> = {
    ...{ id, event, from },
    ...(author === null && from !== null && { byServer: true as const }),
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && { mentions: [...mentions] }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
    ...{ sendAt, at },
    ...(error !== undefined && { error }),
  };
  return `${JSON.stringify(shown).slice(0, -1)},"data":${data}}`;
}

/** Who sends it, with what they were permitted when they scheduled it. */
export function actorOfWaiting({ author }: WaitingMessage): Actor {
  if (author === null) return SERVER;
  const { user, issuedAt, expiresAt, permission, isAsked } = author;
  const identity = { kind: "user", user, issuedAt, expiresAt } as const;
  return { identity, permission, ...(isAsked && { permissionUntil: 0 }) };
}

export function authorOf({ identity, permission, permissionUntil }: Actor): WaitingAuthor | null {
  if (identity.kind !== "user") return null;
  const { user, issuedAt, expiresAt } = identity;
  const { id, name } = user;
  const isAsked = permissionUntil !== undefined;
  return { user: { id, ...(name !== undefined && { name }) }, issuedAt, expiresAt, permission, isAsked };
}

/** It is sent under the id under which it was scheduled, which the log remembers: so it is never stored twice. */
export function inputOfWaiting(message: WaitingMessage): DueInput {
  const { id, event, from, author, data, replyTo, mentions, expiresInSeconds } = message;
  return {
    ...{ id, event, data, keyed: true },
    ...(author === null && from !== null && { from }),
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && { mentions: [...mentions] }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
  };
}
