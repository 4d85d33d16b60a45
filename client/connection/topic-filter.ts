import { type Answer, type RoomCommand, TOPICS_RESULT, type Topics } from "../../src/protocol/index.ts";
import { refusalError } from "../util/errors.ts";
import { ignoreRejection } from "../util/listeners.ts";
import { fits } from "../util/wire.ts";

/** The channel, as its filter sees it. */
export interface TopicPort {
  readonly live: boolean;
  request(
    command: RoomCommand & { readonly id: string },
    onAnswer: (answer: Answer | undefined) => void,
  ): void;
  moveTo(seq: number, mayJump: boolean): unknown;
}

/** The topics that the app wants events of, and those that the server delivers. */
export class TopicFilter {
  readonly #channel: TopicPort;
  readonly #newId: () => string;
  #wanted: Topics;
  #inForce: Topics = null;

  constructor(channel: TopicPort, newId: () => string, wanted: Topics) {
    this.#channel = channel;
    this.#newId = newId;
    this.#wanted = wanted;
  }

  get wanted(): Topics {
    return this.#wanted;
  }

  get inForce(): Topics {
    return this.#inForce;
  }

  /** What a connection begins with. If that cannot be "none", it begins with all, and `onLive` corrects it. */
  ask(canBeNone: boolean): Topics {
    this.#inForce = this.#wanted?.length === 0 && !canBeNone ? null : this.#wanted;
    return this.#inForce;
  }

  onLive(): void {
    // They may have been set while the connection came up with the old ones.
    if (JSON.stringify(this.#wanted) !== JSON.stringify(this.#inForce)) void ignoreRejection(this.#apply());
  }

  /** Resolves when in force, or at once without a connection: then the next one begins with them. */
  async set(topics: Topics): Promise<void> {
    // Not spread: a text in place of a list is for the server to refuse.
    this.#wanted = topics?.slice() ?? null;
    if (this.#channel.live) await this.#apply();
  }

  #apply(): Promise<void> {
    const topics = this.#wanted;
    return new Promise((resolve, reject) => {
      this.#channel.request({ type: "topics", id: this.#newId(), topics }, (answer) => {
        if (answer?.type === "error") {
          if (this.#wanted === topics) this.#wanted = this.#inForce;
          reject(refusalError(answer));
          return;
        }
        if (answer?.type === "ok" && fits(TOPICS_RESULT, answer)) {
          this.#inForce = answer.topics;
          this.#channel.moveTo(answer.seq, true);
        }
        resolve();
      });
    });
  }
}
