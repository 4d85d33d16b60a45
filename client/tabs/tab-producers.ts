// Which tab writes an open message. What the server says of it without an `id` goes to the connection that all share, and
// is for that tab alone: a refusal of an append, and the wish that it stops.

import {
  type Answer,
  type AppendCommand,
  type Command,
  type ErrorAnswer,
  MAX_OPEN_STREAMS,
  SEND_RESULT,
  TAKEOVER_RESULT,
} from "../../src/protocol/index.ts";
import { fits } from "../util/wire.ts";

/** The connection that the tabs share. */
export interface ProducersPort {
  newId(): string;
  request(command: Command & { readonly id: string }, onAnswer: (answer: Answer | undefined) => void): void;
  send(command: Command): void;
  /** To one connection of a tab, if it is still there. */
  tell(link: string, frame: object): void;
}

interface Written {
  /** Of the tab that said something last, as the newest producer. */
  readonly link: string | undefined;
  readonly producer: number;
  /** How many of them were asked for and are not answered. */
  readonly takeovers: number;
}

const NOTHING: Written = { link: undefined, producer: 1, takeovers: 0 };

export class TabProducers {
  readonly #port: ProducersPort;
  readonly #written = new Map<number, Written>();

  constructor(port: ProducersPort) {
    this.#port = port;
  }

  /** The link of the tab that writes this message, if it is known. */
  linkOf(seq: number): string | undefined {
    return this.#written.get(seq)?.link;
  }

  /** An append without an `id`, of which only a refusal is heard. */
  append(link: string, command: AppendCommand): void {
    const { seq, producer = 1 } = command;
    const known = this.#written.get(seq) ?? NOTHING;
    const refuse = ({ id: _, ...refusal }: ErrorAnswer) => this.#port.tell(link, { ...refusal, seq });
    // The server would say so too, and not of which tab.
    if (producer < known.producer)
      refuse({ type: "error", code: "taken_over", message: "Another tab has taken this message over." });
    else if (known.takeovers > 0) {
      // Whether it is still taken is known by its answer alone.
      const id = this.#port.newId();
      this.#port.request({ ...command, id }, (answer) => answer?.type === "error" && refuse(answer));
    } else {
      this.#note(seq, { link });
      this.#port.send(command);
    }
  }

  /** A command with an `id`. */
  asked(command: Command): void {
    if (command.type !== "takeover") return;
    this.#note(command.seq, { takeovers: (this.#written.get(command.seq)?.takeovers ?? 0) + 1 });
  }

  answered(link: string, command: Command, answer: Answer | undefined): void {
    const isOk = answer?.type === "ok";
    if (command.type === "send" && command.stream && isOk && fits(SEND_RESULT, answer))
      this.#note(answer.seq, { link });
    else if (command.type === "append" && isOk) {
      const { seq, producer = 1 } = command;
      if (producer >= (this.#written.get(seq)?.producer ?? 1)) this.#note(seq, { link, producer });
    } else if (command.type === "takeover") {
      const takeovers = Math.max(0, (this.#written.get(command.seq)?.takeovers ?? 0) - 1);
      const isTaken = isOk && fits(TAKEOVER_RESULT, answer);
      this.#note(command.seq, { takeovers, ...(isTaken && { link, producer: answer.producer }) });
    }
  }

  /** The connection is lost: each tab asks how far its message is, and is told the rest by the answer. */
  clear(): void {
    this.#written.clear();
  }

  /** The ends of messages may not be heard of under the topics of these tabs, so the oldest are forgotten. */
  #note(seq: number, news: Partial<Written>): void {
    const known = this.#written.get(seq) ?? NOTHING;
    this.#written.delete(seq);
    this.#written.set(seq, { ...known, ...news });
    const [oldest] = this.#written.keys();
    if (this.#written.size > 2 * MAX_OPEN_STREAMS && oldest !== undefined) this.#written.delete(oldest);
  }
}
