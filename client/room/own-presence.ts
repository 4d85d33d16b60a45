import { ERRORS, isErrorCode, type Ok, type PresenceCommand } from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";
import type { Presence } from "./room-types.ts";

/** The connection, as one's own presence sees it. */
export interface PresenceLine {
  readonly live: boolean;
  /** `undefined` for an anonymous reader, who has none. */
  readonly self: string | undefined;
  newId(): string;
  ask(command: PresenceCommand): Promise<Ok>;
}

/** How this user is here, as the app said it last: told again by every connection. */
export class OwnPresence {
  readonly #line: PresenceLine;
  #presence: Presence = {};

  constructor(line: PresenceLine) {
    this.#line = line;
  }

  async set(presence: Presence): Promise<void> {
    const before = this.#presence;
    const wanted = { ...before, ...presence };
    this.#presence = wanted;
    if (!this.#line.live || this.#line.self === undefined) return;
    try {
      await this.#tell(presence);
    } catch (error) {
      // What can never be told is not told again by every connection.
      if (isFinal(error) && this.#presence === wanted) this.#presence = before;
      throw error;
    }
  }

  onLive(onRefused: (error: RoomsError) => void): void {
    if (this.#line.self === undefined || Object.keys(this.#presence).length === 0) return;
    this.#tell(this.#presence).catch((error: unknown) => {
      // What was not told is told by the next connection.
      if (error instanceof RoomsError && error.code !== "offline") onRefused(error);
    });
  }

  #tell({ status, data }: Presence): Promise<Ok> {
    return this.#line.ask({
      type: "presence",
      id: this.#line.newId(),
      ...(status !== undefined && { status }),
      ...(data !== undefined && { data }),
    });
  }
}

const isFinal = (error: unknown): boolean =>
  error instanceof RoomsError && isErrorCode(error.code) && !ERRORS[error.code].again;
