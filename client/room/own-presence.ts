import type { Ok, PresenceCommand } from "../../src/protocol/index.ts";
import { isTemporary, RoomsError } from "../util/errors.ts";
import type { Presence } from "./room-types.ts";

/** What the presence of this user needs of the room. */
export interface PresencePort {
  readonly live: boolean;
  /** `undefined` for an anonymous reader, who has no presence. */
  readonly self: string | undefined;
  newId(): string;
  ask(command: PresenceCommand): Promise<Ok>;
}

/** The presence of this user, as the app set it last. Each connection sends it again. */
export class OwnPresence {
  readonly #room: PresencePort;
  #presence: Presence = {};

  constructor(room: PresencePort) {
    this.#room = room;
  }

  async set(presence: Presence): Promise<void> {
    const before = this.#presence;
    const wanted = { ...before, ...presence };
    this.#presence = wanted;
    if (!this.#room.live || this.#room.self === undefined) return;
    try {
      await this.#tell(presence);
    } catch (error) {
      // What is refused for good is not sent again by each connection.
      const isFinal = error instanceof RoomsError && error.code !== "offline" && !isTemporary(error);
      if (isFinal && this.#presence === wanted) this.#presence = before;
      throw error;
    }
  }

  /** It is that of a former user. */
  forget(): void {
    this.#presence = {};
  }

  onLive(onRefused: (error: RoomsError) => void): void {
    if (this.#room.self === undefined || Object.keys(this.#presence).length === 0) return;
    this.#tell(this.#presence).catch((error: unknown) => {
      // What did not reach the server is sent by the next connection.
      if (error instanceof RoomsError && error.code !== "offline") onRefused(error);
    });
  }

  #tell({ status, data }: Presence): Promise<Ok> {
    return this.#room.ask({
      type: "presence",
      id: this.#room.newId(),
      ...(status !== undefined && { status }),
      ...(data !== undefined && { data }),
    });
  }
}
