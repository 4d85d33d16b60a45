import {
  type Command,
  DEFAULT_STREAM_FIELD,
  type Message,
  type Ok,
  PAGE,
  TAKEOVER_RESULT,
} from "../../../src/protocol/index.ts";
import { RoomsError } from "../../util/errors.ts";
import { checked } from "../../util/wire.ts";
import { streamText } from "./fold-stream.ts";
import type { ProducerStart } from "./producer.ts";

/** The room, as a take-over sees it. */
export interface TakeOverPort {
  ask(command: Command & { readonly id: string }): Promise<Ok & Readonly<Record<string, unknown>>>;
  held(seq: number): Message | undefined;
}

/** Makes this client the producer of an open message, and tells where it goes on. */
export async function takeOver(room: TakeOverPort, newId: () => string, seq: number): Promise<ProducerStart> {
  const taken = await checked(room.ask({ type: "takeover", id: newId(), seq }), TAKEOVER_RESULT);
  const { n, producer } = taken;
  const held = await versionOf(room, newId(), seq, n);
  const { field = DEFAULT_STREAM_FIELD } = held;
  return { seq, producer, n, field, text: streamText(held) };
}

/** The message with so many appends. A page has it with all of them, and nobody else appends any more. */
async function versionOf(room: TakeOverPort, id: string, seq: number, n: number): Promise<Message> {
  const held = room.held(seq);
  if (held !== undefined && (held.n ?? 0) === n) return held;
  const page = await checked(room.ask({ type: "history", id, before: seq + 1, limit: 1 }), PAGE);
  const message = page.messages?.find((other) => other.seq === seq);
  if (message === undefined || (message.n ?? 0) !== n)
    throw new RoomsError("not_found", "The message cannot be read here.");
  return message;
}
