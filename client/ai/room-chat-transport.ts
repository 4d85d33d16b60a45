import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { isCommandId } from "../../src/protocol/index.ts";
import { AnswerFeed, type FeedOptions, stopAnswerOf } from "./answer-feed.ts";
import {
  type ChatRoom,
  chatIdOf,
  defaultRoleOf,
  type HeldMessage,
  type RoleOptions,
  roomMessageOf,
  storedAfter,
  storedAt,
} from "./chat-room.ts";
import { unlessAborted, until } from "./until.ts";
import { dataOf } from "./user-message.ts";

type SendOptions<UI_MESSAGE extends UIMessage> = Parameters<ChatTransport<UI_MESSAGE>["sendMessages"]>[0];
type ResumeOptions<UI_MESSAGE extends UIMessage> = Parameters<
  ChatTransport<UI_MESSAGE>["reconnectToStream"]
>[0];

/** What is asked, for who answers. There is no signal: a reader who leaves stops nothing. */
export interface Question<UI_MESSAGE extends UIMessage = UIMessage>
  extends Omit<SendOptions<UI_MESSAGE>, "abortSignal"> {
  /** The place of the question in the room: the answer streams with `replyTo: seq`. */
  readonly seq: number;
  /** The answer in the room that a new one is wanted for (`regenerate`). */
  readonly replaces?: number;
}

export interface RoomChatTransportOptions<UI_MESSAGE extends UIMessage = UIMessage> extends RoleOptions {
  /** What is asked and answered here, everybody in the room sees. */
  readonly room: ChatRoom;
  /**
   * Has the question answered, such as by a call of your own server. Not needed where something in the room answers by
   * itself. May resolve before the answer begins or after it has ended. If it rejects before the answer begins, or
   * resolves with a `Response` that is not `ok`, the chat has failed.
   *
   * @example
   * const ask = ({ seq }: { seq: number }) => fetch("/api/answer", { method: "POST", body: JSON.stringify({ seq }) });
   */
  readonly ask?: (question: Question<UI_MESSAGE>) => unknown;
  /** What a message of the user is in the room. Default: `{ text }`, with `parts` and `metadata` if it has others. */
  readonly toData?: (message: UI_MESSAGE) => unknown;
  /**
   * The chat has failed if no answer began so many milliseconds after `ask` resolved. Without a connection the time
   * begins anew.
   *
   * @default 60000
   */
  readonly answerWithinMs?: number;
}

interface Placed {
  readonly seq: number;
  /** The answer stands after this place. */
  readonly after: number;
}

/**
 * A chat of the AI SDK over a room: what the user says is a message of the room, and the answer is the message that
 * streams as a reply to it. All members see both, a chat that comes later or comes back follows from the beginning
 * (`resumeStream`), and a lost connection is not seen at all.
 *
 * A chat that stops or goes lets go of the answer and stops nothing; {@link stopAnswer} does. Ends with `finish`, with
 * `abort` if the answer was cancelled, and with an error if it failed, was interrupted, or the room ended. Its open
 * streams hold the room. Call `close()` before `room.leave()`.
 *
 * @example
 * const transport = new RoomChatTransport({
 *   room,
 *   ask: ({ seq }) => fetch("/api/answer", { method: "POST", body: JSON.stringify({ room: room.name, seq }) }),
 * });
 * const chat = new Chat({ transport, messages: await toUIMessages(room.messages) });
 * await chat.resumeStream();
 * await chat.sendMessage({ text: "Why is the sky blue?" });
 */
export class RoomChatTransport<UI_MESSAGE extends UIMessage = UIMessage>
  implements ChatTransport<UI_MESSAGE>
{
  /** The AI SDK then shows a resumed answer once. */
  readonly resumeStreamIsReplay = true;
  readonly #options: Required<Omit<RoomChatTransportOptions<UI_MESSAGE>, "ask">> &
    Pick<RoomChatTransportOptions<UI_MESSAGE>, "ask">;
  readonly #feeds = new Set<AnswerFeed>();
  /** Aborts what no feed stands for yet. */
  #closing = new AbortController();

  constructor(options: RoomChatTransportOptions<UI_MESSAGE>) {
    this.#options = { toData: dataOf, roleOf: defaultRoleOf, answerWithinMs: 60_000, ...options };
  }

  /**
   * Called by the chat. Sends its last message into the room, under its own id, and resolves when it is stored. One
   * that is stored already is not sent again; one that the chat has changed is edited.
   */
  readonly sendMessages = async (
    options: SendOptions<UI_MESSAGE>,
  ): Promise<ReadableStream<UIMessageChunk>> => {
    const { room, answerWithinMs } = this.#options;
    const release = room.hold();
    const placing = this.#place(options);
    const asking = placing.then((placed) => this.#ask(placed, options)).finally(release);
    asking.catch(() => {});
    const placed = await unlessAborted(placing, [options.abortSignal, this.#closing.signal]);
    const last = options.messages.at(-1);
    const feed = this.#feed({
      find: () => this.#answerTo(placed),
      // Results of tools of the page go on in the message that they belong to.
      idOf: (answer) => (last?.role === "assistant" ? last.id : chatIdOf(answer)),
      signal: options.abortSignal,
    });
    asking.then(
      () => feed.expectWithin(answerWithinMs),
      (error: unknown) => feed.failUnlessBegun(error),
    );
    return feed.stream;
  };

  /** Called by the chat. Follows the newest answer that is still written; `null` if there is none. */
  readonly reconnectToStream = async ({
    abortSignal,
  }: ResumeOptions<UI_MESSAGE>): Promise<ReadableStream<UIMessageChunk> | null> => {
    const { room } = this.#options;
    const release = room.hold();
    try {
      // Of a room that has ended nothing is followed, whatever it still shows as open.
      const isKnown = () =>
        room.state.status === "connected" ||
        (room.state.status !== "disconnected" && this.#openAnswer() !== undefined);
      await until(room, isKnown, [abortSignal, this.#closing.signal]);
      const answer = this.#openAnswer();
      if (answer === undefined) return null;
      return this.#feed({ find: () => storedAt(room, answer.seq), idOf: chatIdOf, signal: abortSignal })
        .stream;
    } finally {
      release();
    }
  };

  /**
   * For the stop button: asks who writes the answer to stop, in place of `stop()` of the chat, which lets go of it. The
   * one that this chat shows, else the newest of the room; one that has not begun, as soon as it does. Resolves when
   * the room has it, at once if nothing is written, and rejects with the refusal of `room.stop`.
   */
  readonly stopAnswer = async (): Promise<void> => {
    const feed = [...this.#feeds].at(-1);
    const open = this.#openAnswer();
    if (feed !== undefined) await feed.stop();
    else if (open !== undefined) await stopAnswerOf(this.#options.room, open.seq);
  };

  /** Lets go of all answers and of the room. Nothing is stopped, and what was said is sent. */
  readonly close = (): void => {
    this.#closing.abort();
    this.#closing = new AbortController();
    for (const feed of this.#feeds) feed.letGo();
  };

  #feed(options: Omit<FeedOptions, "room" | "onOver">): AnswerFeed {
    const feed: AnswerFeed = new AnswerFeed({
      ...options,
      room: this.#options.room,
      onOver: () => this.#feeds.delete(feed),
    });
    this.#feeds.add(feed);
    feed.start();
    return feed;
  }

  async #place({ messages, trigger, messageId }: SendOptions<UI_MESSAGE>): Promise<Placed> {
    const { room, toData } = this.#options;
    const question = messages.filter(({ role }) => role === "user").at(-1);
    if (question === undefined) throw new Error("There is no message of a user to answer.");
    const { head } = room.getSnapshot();
    const seq = roomMessageOf(room, question.id)?.seq;
    const isNew = trigger === "submit-message" && question === messages.at(-1);
    if (seq === undefined) {
      const key = isCommandId(question.id) ? { key: question.id } : {};
      const stored = await room.send(toData(question), key);
      return { seq: stored.seq, after: stored.seq };
    }
    if (!isNew) return { seq, after: head };
    if (messageId === undefined) return { seq, after: seq };
    await room.edit(seq, toData(question));
    return { seq, after: head };
  }

  async #ask(placed: Placed, { abortSignal: _, ...options }: SendOptions<UI_MESSAGE>): Promise<void> {
    const { ask } = this.#options;
    if (ask === undefined || this.#answerTo(placed) !== undefined) return;
    const replaces = options.trigger === "regenerate-message" ? this.#replaced(placed, options) : undefined;
    const result = await ask({ ...options, seq: placed.seq, ...(replaces !== undefined && { replaces }) });
    if (result instanceof Response && !result.ok)
      throw new Error(`The question was refused: ${result.status} ${result.statusText}`.trim());
  }

  #replaced({ seq }: Placed, { messageId }: Pick<SendOptions<UI_MESSAGE>, "messageId">): number | undefined {
    const named = messageId === undefined ? undefined : roomMessageOf(this.#options.room, messageId)?.seq;
    return named ?? this.#answersTo({ seq, after: seq })[0]?.seq;
  }

  /** The first one after the place. */
  #answerTo(placed: Placed): HeldMessage | undefined {
    return this.#answersTo(placed).at(-1);
  }

  /** Newest first. */
  #answersTo({ seq, after }: Placed): readonly HeldMessage[] {
    const answers = storedAfter(this.#options.room, after).filter((message) => message.replyTo === seq);
    return answers.filter((message) => this.#isAnswer(message));
  }

  #openAnswer(): HeldMessage | undefined {
    const { room } = this.#options;
    return storedAfter(room, 0).find((message) => message.stream === "open" && this.#isAnswer(message));
  }

  #isAnswer(message: HeldMessage): boolean {
    return message.stream !== undefined && this.#options.roleOf(message) === "assistant";
  }
}
