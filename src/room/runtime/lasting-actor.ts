import type { Actor, UserIdentity } from "../../access/identity.ts";
import { TOKEN_EXPIRED } from "../../object/answers.ts";
import { hasExpired } from "../../object/liveness.ts";
import { accept, type Outcome, type Refusal, reject } from "../../protocol/index.ts";

export interface LastingActorPorts {
  /** Why the token of an actor does not count any more, if so. It may ask the user's object. */
  judge(actor: Actor): Promise<Refusal | undefined>;
  /** What a user may do here now, whose permission has lapsed. It may ask the back end. */
  authorize(identity: UserIdentity): Promise<Outcome<Actor>>;
  now(): number;
}

/** A token is judged again this long after it was, as isolates do too. */
const JUDGED_FOR_MS = 60_000;

/** Who acts in one call for minutes. Meanwhile their token may expire or be revoked, and their permission may lapse. */
export class LastingActor {
  readonly #ports: LastingActorPorts;
  #actor: Actor;
  #judgedAt: number;

  /** `actor` was just judged. */
  constructor(actor: Actor, ports: LastingActorPorts) {
    this.#ports = ports;
    this.#actor = actor;
    this.#judgedAt = ports.now();
  }

  /** The actor as they are now, or why they may not go on. `anew`: the token is judged again in any case. */
  async current({ anew = false } = {}): Promise<Outcome<Actor>> {
    const now = this.#ports.now();
    const { identity, permissionUntil = Number.POSITIVE_INFINITY } = this.#actor;
    if (hasExpired(identity, now)) return reject(TOKEN_EXPIRED);
    if (identity.kind === "user" && permissionUntil <= now) {
      const renewed = await this.#ports.authorize(identity);
      if (!renewed.ok) return renewed;
      this.#actor = renewed.value;
    }
    if (anew || Math.abs(now - this.#judgedAt) >= JUDGED_FOR_MS) {
      const refusal = await this.#ports.judge(this.#actor);
      if (refusal !== undefined) return reject(refusal);
      this.#judgedAt = now;
    }
    return accept(this.#actor);
  }
}
