// A message as it is stored and sent: `data` stands last. So the other fields can change while `data`, which may be nested
// deeper than the engine encodes, stays the same text.

import type { Message, MessageContent, NEW_MESSAGE, Sender, StreamState } from "../../protocol/index.ts";

export type MessageMeta = Omit<Message, "data">;

/** Stands before `data`. No encoded string contains it, as quotes in a string are escaped. */
const BEFORE_DATA = ',"data":';

/** What a message may say beside `data`; `undefined` as if left out. */
export type MessageExtras = {
  readonly [Field in Exclude<keyof MessageContent, "data">]?: MessageContent[Field] | undefined;
};

export interface NewMessage extends MessageExtras {
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly from: Sender | null;
  readonly byServer: boolean;
  readonly at: number;
  readonly expiresAt?: number | undefined;
  readonly flag?: string | undefined;
  readonly stream?: StreamState | undefined;
  readonly field?: string | undefined;
  /** As JSON. */
  readonly data: string;
}

type Written = Exclude<keyof typeof NEW_MESSAGE, "type" | "data">;

/**
 * How each field is written; an empty text leaves it out. By hand, as it is on the path of every message; the compiler
 * asks for each field of the contract.
 */
const WRITE: { readonly [Field in Written]: (message: NewMessage) => string } = {
  seq: ({ seq }) => `,"seq":${seq}`,
  id: ({ id }) => `,"id":${JSON.stringify(id)}`,
  event: ({ event }) => `,"event":"${event}"`,
  from: ({ from }) => `,"from":${from && JSON.stringify({ id: from.id, name: from.name })}`,
  byServer: ({ byServer, from }) => (byServer && from !== null ? ',"byServer":true' : ""),
  at: ({ at }) => `,"at":${at}`,
  replyTo: ({ replyTo }) => (replyTo === undefined ? "" : `,"replyTo":${replyTo}`),
  expiresAt: ({ expiresAt }) => (expiresAt === undefined ? "" : `,"expiresAt":${expiresAt}`),
  flag: ({ flag }) => (flag === undefined ? "" : `,"flag":${JSON.stringify(flag)}`),
  stream: ({ stream }) => (stream === undefined ? "" : `,"stream":"${stream}"`),
  field: ({ field }) => (field === undefined ? "" : `,"field":${JSON.stringify(field)}`),
  mentions: ({ mentions = [] }) => (mentions.length === 0 ? "" : `,"mentions":${JSON.stringify(mentions)}`),
};
const WRITERS = Object.values(WRITE);

export function encodeNewMessage(message: NewMessage): string {
  let body = '{"type":"message"';
  for (const write of WRITERS) body += write(message);
  return `${body}${BEFORE_DATA}${message.data}}`;
}

/** `data` is JSON. */
export const encodeMessage = (meta: MessageMeta, data: string): string =>
  `${JSON.stringify(meta).slice(0, -1)}${BEFORE_DATA}${data}}`;

export function decodeMessage(body: string): { readonly meta: MessageMeta; readonly data: string } {
  const at = body.indexOf(BEFORE_DATA);
  return {
    meta: JSON.parse(`${body.slice(0, at)}}`),
    data: body.slice(at + BEFORE_DATA.length, -1),
  };
}

/** The last change of a message, as a replay gives it to a reader that has the message. */
export interface LastChange {
  readonly seq: number;
  readonly at: number;
  /** User id; `null` is server code. */
  readonly by: string | null;
}

/** Whether a message is open. No other field can have this in its text, as quotes in a string are escaped. */
export const isOpenMessage = (body: string): boolean =>
  body.lastIndexOf('"stream":"open"', body.indexOf(BEFORE_DATA)) !== -1;

export const encodeUpdated = ({ seq, at, by }: LastChange, body: string): string =>
  `{"type":"messageUpdated","seq":${seq},"at":${at},"message":${body},"by":${JSON.stringify(by)}}`;

export const encodeDeleted = ({ seq, at, by }: LastChange, target: number): string =>
  `{"type":"messageDeleted","seq":${seq},"at":${at},"target":${target},"by":${JSON.stringify(by)}}`;

/** A reaction of a user, or that it is taken back. */
export interface Reacted {
  readonly emoji: string;
  readonly user: string;
  readonly op: "add" | "remove";
}

export function withReaction(
  { reactions = {}, ...rest }: MessageMeta,
  { emoji, user, op }: Reacted,
): MessageMeta {
  const by = new Map(Object.entries(reactions));
  const others = (by.get(emoji) ?? []).filter((id) => id !== user);
  const users = op === "add" ? [...others, user] : others;
  if (users.length > 0) by.set(emoji, users);
  else by.delete(emoji);
  return by.size === 0 ? rest : { ...rest, reactions: Object.fromEntries(by) };
}

/**
 * What is left of a message when it is deleted. The edit is erased too: the message looks the same to a client that saw
 * the edit and to one that was away. `withChange` of the client does the same.
 */
export function erased(
  { mentions: _, reactions: __, editedAt: ___, editedBy: ____, ...meta }: MessageMeta,
  deletedAt: number,
): MessageMeta {
  const { stream: _stream, field: _field, n: _n, producer: _producer, ...whole } = meta;
  const { expiresAt: _expiresAt, flag: _flag, ...left } = whole;
  return { ...left, deletedAt };
}
