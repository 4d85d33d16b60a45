// Does what a flush left to be done outside of the room. What hears of a room (mentions, the registry, metrics, the back
// end) hears of it here, and nowhere else.

import type { UserIdentity } from "../../access/identity.ts";
import type { Config } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { mapBounded } from "../../object/bounded.ts";
import { retry } from "../../object/retry.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import type { DeliveryQueue } from "../../session-rooms/room-side/delivery-queue.ts";
import type { Effects } from "../effects.ts";
import { type Mention, notificationOf } from "../people/mentions.ts";
import type { DueMessage } from "../time/waiting-message.ts";
import { RoomNotes } from "./room-notes.ts";
import type { RoomRelays } from "./room-relays.ts";
import type { RoomReports } from "./room-reports.ts";

/** How often a mention is reported to an object that cannot be reached. */
const MENTION_TRIES = 3;

export interface EffectsPorts {
  readonly ctx: Pick<DurableObjectState, "waitUntil">;
  readonly env: Env;
  readonly config: Config;
  readonly room: string;
  readonly deliveries: DeliveryQueue;
  readonly relays: RoomRelays | undefined;
  readonly reports: RoomReports;
  /** Asks what a user may do here. Never rejects. */
  ask(identity: UserIdentity): Promise<void>;
  /** Judges scheduled messages that are due, and has the room send them. Never rejects. */
  send(due: readonly DueMessage[]): Promise<void>;
  /** The user has used up what one may cost a day. */
  hold(user: string, until: number): Promise<void>;
}

export class EffectsCarrier {
  readonly #ports: EffectsPorts;
  readonly #notes: RoomNotes;

  constructor(ports: EffectsPorts) {
    this.#ports = ports;
    this.#notes = new RoomNotes(ports.ctx, ports.env, ports.config, ports.room);
  }

  /**
   * Begins all of it and waits for nothing: calls leave when what they report is durable. `waitUntil` keeps the object
   * awake for these calls only; each ends by itself, after a few tries or a time limit.
   */
  take({ deliveries, dispatches, mentions, banned, questions, due, spent, counts, ...seen }: Effects): void {
    const { ctx, config, reports } = this.#ports;
    this.#notes.take(seen);
    for (const { user, item } of deliveries) this.#ports.deliveries.add(user, item);
    this.#ports.relays?.take(dispatches);
    if (mentions.length > 0) ctx.waitUntil(mapBounded(mentions, (mention) => this.#notify(mention)));
    for (const user of banned) ctx.waitUntil(this.#unfollow(user));
    if (due.length > 0) ctx.waitUntil(this.#ports.send(due));
    for (const identity of questions) ctx.waitUntil(this.#ports.ask(identity));
    reports.settle(counts);
    if (config.limits.userBudget > 0)
      for (const [user, units] of spent) ctx.waitUntil(this.#reportSpent(user, units));
  }

  async #notify(mention: Mention): Promise<void> {
    const { room } = this.#ports;
    const { user, sessions } = mention;
    const notification = notificationOf(room, mention);
    try {
      await retry(() => this.#userObject(user).mention(notification, sessions), MENTION_TRIES, {
        random: () => Math.random(),
        wait: (ms) => scheduler.wait(ms),
      });
    } catch (error) {
      log("mention_failed", { room, user, error });
    }
  }

  async #unfollow(user: string): Promise<void> {
    const { room } = this.#ports;
    try {
      await this.#userObject(user).unfollow(room, null);
    } catch (error) {
      log("user_unreachable", { operation: "unfollow", room, user, error });
    }
  }

  /** A sample that is lost is one of many. */
  async #reportSpent(user: string, units: number): Promise<void> {
    const { room } = this.#ports;
    try {
      const heldUntil = await this.#userObject(user).reportSpending(units);
      if (heldUntil > 0) await this.#ports.hold(user, heldUntil);
    } catch (error) {
      log("user_unreachable", { operation: "reportSpending", room, user, error });
    }
  }

  #userObject(user: string) {
    const { env, config } = this.#ports;
    return objectStub(env.USERS, user, config.placement);
  }
}
