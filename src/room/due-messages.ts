// Scheduled messages that are due: whether each may be sent now, which takes questions to other objects and to the back
// end. What was found out takes effect in the room's one order (`Schedule.judged`).

import type { Actor, UserIdentity } from "../access/identity.ts";
import { FAILED } from "../object/answers.ts";
import { mapBounded } from "../object/bounded.ts";
import { accept, type Outcome, type Refusal, reject } from "../protocol/index.ts";
import type { Asked } from "./ruling.ts";
import type { DueVerdict } from "./schedule.ts";
import type { DueInput, DueMessage } from "./time/waiting-message.ts";

export interface DueMessagesPorts {
  /** Why the token of an actor does not count any more, if so. It may ask the user's object. */
  judge(actor: Actor): Promise<Refusal | undefined>;
  /** What a user may do here now. It asks the back end. */
  authorize(identity: UserIdentity): Promise<Outcome<Actor>>;
  /** What the back end says of a message before it is stored; `undefined`: it is not asked. */
  ask(actor: Actor, input: DueInput): Promise<Outcome<Asked | undefined>>;
  /** Settles when the verdicts took effect. */
  settle(verdicts: readonly DueVerdict[]): Promise<void>;
  failed(error: unknown): void;
}

export class DueMessages {
  readonly #ports: DueMessagesPorts;

  constructor(ports: DueMessagesPorts) {
    this.#ports = ports;
  }

  /** Judges them, and has the room send those that may be sent. Never rejects: the room asks again after a minute. */
  async take(due: readonly DueMessage[]): Promise<void> {
    try {
      await this.#ports.settle(await mapBounded(due, (message) => this.#verdictOn(message)));
    } catch (error) {
      this.#ports.failed(error);
    }
  }

  async #verdictOn(message: DueMessage): Promise<DueVerdict> {
    const { key, version } = message;
    try {
      return { key, version, outcome: await this.#judge(message) };
    } catch (error) {
      this.#ports.failed(error);
      return { key, version, outcome: reject(FAILED) };
    }
  }

  async #judge({ actor, input }: DueMessage): Promise<DueVerdict["outcome"]> {
    const refusal = await this.#ports.judge(actor);
    if (refusal !== undefined) return reject(refusal);
    const current = await this.#authorized(actor);
    if (!current.ok) return current;
    const asked = await this.#ports.ask(lasting(current.value), input);
    return asked.ok ? accept({ actor: current.value, input, asked: asked.value }) : asked;
  }

  async #authorized(actor: Actor): Promise<Outcome<Actor>> {
    const { identity, permissionUntil } = actor;
    if (identity.kind !== "user" || permissionUntil === undefined) return accept(actor);
    return this.#ports.authorize(identity);
  }
}

/** Of whom the back end is asked about, also where the token that scheduled the message has expired. */
const lasting = (actor: Actor): Actor =>
  actor.identity.kind === "user"
    ? { ...actor, identity: { ...actor.identity, expiresAt: Number.POSITIVE_INFINITY } }
    : actor;
