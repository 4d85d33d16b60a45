// Before a message of a user is stored, or edited, the deployer's back end may be asked. Here: about which ones, and what
// is settled without a question. The answer travels with the command into the flush, where all of it is judged again.

import type { Actor, UserIdentity } from "../access/identity.ts";
import { hasExpired } from "../object/liveness.ts";
import { QUESTION, type Spending } from "../object/spending.ts";
import { CHAT_EVENT, type PublishQuestion, type Refusal } from "../protocol/index.ts";
import type { Changes, EditInput } from "./changes.ts";
import type { Moderation } from "./moderation.ts";
import type { Allowances } from "./people/allowances.ts";
import type { MessageInput, Publisher } from "./publisher.ts";
import type { AsksAbout } from "./ruling.ts";

/** What the back end is asked. `data` as JSON. */
export interface Publishing extends Omit<PublishQuestion, "data"> {
  readonly data: string;
}

/** What a user wants to store. */
export type PublishAct = { readonly type: "send"; readonly input: MessageInput } | EditInput;

/** What is known of an act before a question. */
export type Foreseen =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** It repeats a message that is stored. */
  | { readonly kind: "repeat" }
  | { readonly kind: "question"; readonly question: Publishing };

export interface BeforePublishRules {
  readonly name: string;
  readonly moderation: Moderation;
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly publisher: Publisher;
  readonly changes: Changes;
}

export class BeforePublish {
  readonly #rules: BeforePublishRules;
  readonly #asksAbout: AsksAbout;

  constructor(rules: BeforePublishRules, asksAbout: AsksAbout) {
    this.#rules = rules;
    this.#asksAbout = asksAbout;
  }

  /** `undefined`: nobody is asked, and nothing was paid. Else its rate tokens are taken, once for all. */
  foresee(actor: Actor, act: PublishAct, now: number): Foreseen | undefined {
    const { identity } = actor;
    if (identity.kind !== "user" || hasExpired(identity, now)) return undefined;
    if (act.type === "edit") return this.#foreseeEdit(actor, identity, act, now);
    const { input } = act;
    if (!this.#asksAbout(input.event ?? CHAT_EVENT)) return undefined;
    const refusal = this.#charge(actor, 1 + (input.mentions?.length ?? 0), now);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const known = this.#rules.publisher.foresee(actor, input, now);
    if (known !== undefined)
      return known.ok ? { kind: "repeat" } : { kind: "refused", refusal: known.refusal };
    const { event = CHAT_EVENT, data, replyTo, mentions } = input;
    const more = { ...(replyTo !== undefined && { replyTo }), ...(mentions !== undefined && { mentions }) };
    return this.#question(identity, { type: "send", event, ...more, data });
  }

  /** An edit that is not possible is left to the flush, which refuses it. */
  #foreseeEdit(actor: Actor, identity: UserIdentity, edit: EditInput, now: number): Foreseen | undefined {
    const known = this.#rules.changes.foresee(actor, edit, now);
    if (!known.ok || !this.#asksAbout(known.value.event)) return undefined;
    const refusal = this.#charge(actor, 1, now);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const { event } = known.value;
    const { seq, data } = edit;
    return this.#question(identity, { type: "edit", event, seq, data });
  }

  /** A user who may not act at all pays nothing. */
  #charge(actor: Actor, cost: number, now: number): Refusal | undefined {
    const { moderation, allowances } = this.#rules;
    return moderation.refusalFor(actor, now) ?? allowances.take(actor.identity, cost, now);
  }

  #question({ user: { id, name } }: UserIdentity, said: Omit<Publishing, "room" | "user">): Foreseen {
    const { name: room, spending } = this.#rules;
    spending.add(id, QUESTION);
    const { type, ...rest } = said;
    const user = { id, ...(name !== undefined && { name }) };
    return { kind: "question", question: { type, room, user, ...rest } };
  }
}
