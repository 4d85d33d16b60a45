import { type RoomsError, userChanged } from "../../util/errors.ts";

/** What a client does when a server greets another user than before. */
export type OnUserChange = "end" | "startOver";

/**
 * One user per client: nothing that one user did goes out as another. To sign in is no change, as an anonymous user does
 * nothing that lasts.
 */
export class UserGuard {
  readonly #onChange: OnUserChange;
  readonly #startOver: (error: RoomsError) => void;
  /** The id; `null`: anonymous; `undefined` until the first greeting. */
  #user: string | null | undefined;
  /** Whose is what is held already, until somebody is greeted. */
  supposed: string | undefined;
  /** Called with each user who is greeted, before anything of theirs is handled. */
  onGreeted: (user: string | null) => void = () => {};

  /** `startOver` drops what belongs to the former user and opens all connections anew. */
  constructor(onChange: OnUserChange, startOver: (error: RoomsError) => void) {
    this.#onChange = onChange;
    this.#startOver = startOver;
  }

  /** Who was greeted last. */
  get user(): string | null | undefined {
    return this.#user;
  }

  /** Whether the client goes on as another user. */
  get startsOver(): boolean {
    return this.#onChange === "startOver";
  }

  /** A server greeted this user. Returns why that connection must end; where all starts over, it has ended already. */
  admit(user: string | null): RoomsError | undefined {
    const before = this.#user === undefined ? this.supposed : this.#user;
    if (before === undefined || before === null || before === user) {
      this.#user = user;
      this.onGreeted(user);
      return undefined;
    }
    const error = userChanged();
    if (this.#user === undefined || this.startsOver) {
      this.#user = user;
      this.onGreeted(user);
      this.#startOver(error);
    }
    return error;
  }
}
