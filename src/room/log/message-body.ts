// A message as it is stored and sent: `data` stands last, so that what stands around it can change while `data`, which
// may be nested deeper than the engine encodes, stays the text that it was.

import type { Message, Sender } from "../../protocol/index.ts";

export type MessageMeta = Omit<Message, "data">;

/** What `data` follows. No encoded string holds it, as quotes inside of one are escaped. */
const BEFORE_DATA = ',"data":';

export interface NewMessage {
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly from: Sender | null;
  readonly byServer: boolean;
  readonly at: number;
  /** As JSON. */
  readonly data: string;
  readonly replyTo?: number | undefined;
  readonly mentions?: readonly string[] | undefined;
}

/** On the path of every message: so by hand. */
export function encodeNewMessage(message: NewMessage): string {
  const { seq, id, event, from, byServer, at, data, replyTo, mentions } = message;
  const sender = from === null ? null : { id: from.id, name: from.name };
  let body = `{"type":"message","seq":${seq},"id":${JSON.stringify(id)},"event":"${event}"`;
  body += `,"from":${JSON.stringify(sender)}`;
  if (byServer && from !== null) body += ',"byServer":true';
  body += `,"at":${at}`;
  if (replyTo !== undefined) body += `,"replyTo":${replyTo}`;
  if (mentions !== undefined && mentions.length > 0) body += `,"mentions":${JSON.stringify(mentions)}`;
  return `${body}${BEFORE_DATA}${data}}`;
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

/** The last change of a message, as a replay tells it of one that its reader has. */
export interface LastChange {
  readonly seq: number;
  readonly at: number;
  /** User id; `null` is server code. */
  readonly by: string | null;
}

export const encodeUpdated = ({ seq, at, by }: LastChange, body: string): string =>
  `{"type":"messageUpdated","seq":${seq},"at":${at},"message":${body},"by":${JSON.stringify(by)}}`;

export const encodeDeleted = ({ seq, at, by }: LastChange, target: number): string =>
  `{"type":"messageDeleted","seq":${seq},"at":${at},"target":${target},"by":${JSON.stringify(by)}}`;
