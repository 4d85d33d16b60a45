// The call of a room whose body and answer are streams. It stands here as those are of the runtime; all other calls are in
// src/room/room-calls.ts.

import type { Actor } from "../../access/identity.ts";
import type { Outcome, SendResult, StreamFormat } from "../../protocol/index.ts";
import type { MessageInput } from "../publisher.ts";

/** The body of a streaming POST, behind its first line. */
export interface AnswerBody {
  readonly format: StreamFormat;
  readonly bytes: ReadableStream<Uint8Array>;
}

export interface AnswerUnderWay extends SendResult {
  /** Each is a `StreamedLine` as JSON. */
  readonly lines: ReadableStream<Uint8Array>;
}

export interface AnswerCalls {
  /**
   * Opens a message as `publish` does, or finds it open, and writes into it what a body brings. Answers when it is open;
   * `lines` say how it goes on, for as long as the body does.
   */
  streamAnswer(actor: Actor, input: MessageInput, body: AnswerBody): Promise<Outcome<AnswerUnderWay>>;
}
