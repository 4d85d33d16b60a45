import type { Topics } from "../../src/protocol/index.ts";
import { refusalError } from "../util/errors.ts";
import { isTopicsResult } from "../wire/shapes.ts";
import type { Connection } from "./connection.ts";

/** Which topics a connection shall hear of, and which it does. */
export class TopicFilter {
  readonly #connection: Connection;
  readonly #newId: () => string;
  #wanted: Topics;
  #inForce: Topics = null;

  constructor(connection: Connection, newId: () => string, wanted: Topics) {
    this.#connection = connection;
    this.#newId = newId;
    this.#wanted = wanted;
  }

  get wanted(): Topics {
    return this.#wanted;
  }

  get inForce(): Topics {
    return this.#inForce;
  }

  /** Of an address. "None" cannot be said there, as an empty parameter counts as absent: it is told when live. */
  query(): Readonly<Record<string, string>> {
    this.#inForce = this.#wanted?.length === 0 ? null : this.#wanted;
    return this.#inForce === null ? {} : { topics: this.#inForce.join(",") };
  }

  onLive(): void {
    // Set while the connection came up with the old ones.
    if (JSON.stringify(this.#wanted) !== JSON.stringify(this.#inForce)) this.#tell().catch(() => {});
  }

  /** Resolves when in force, or at once without a connection: then the next one begins with them. */
  async set(topics: Topics): Promise<void> {
    this.#wanted = topics === null ? null : [...topics];
    if (this.#connection.live) await this.#tell();
  }

  #tell(): Promise<void> {
    const topics = this.#wanted;
    return new Promise((resolve, reject) => {
      this.#connection.request({ type: "topics", id: this.#newId(), topics }, (answer) => {
        if (answer?.type === "error") {
          if (this.#wanted === topics) this.#wanted = this.#inForce;
          reject(refusalError(answer));
          return;
        }
        if (answer?.type === "ok" && isTopicsResult(answer)) {
          this.#inForce = answer.topics;
          this.#connection.moveTo(answer.seq, true);
        }
        resolve();
      });
    });
  }
}
