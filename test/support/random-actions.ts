// What users do in a simulated world, at random. A new action is a method here, and a line in the steps of the world.

import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedPeer } from "./simulated-peer.ts";

export interface RandomActionSettings {
  /** The size of most messages. */
  readonly bytes?: number;
  readonly messageBytes?: number;
}

const EVENTS = ["chat", "chat", "task", "task.created", "task:done", "tasks", "other"];
const EMOJIS = ["👍", "🎉", "1️⃣"];
const TOPICS = [null, ["task"], ["chat", "other"], [], ["nothing"]];

export class RandomActions {
  readonly #random: SeededRandom;
  readonly #settings: RandomActionSettings;
  #signals = 0;

  constructor(random: SeededRandom, settings: RandomActionSettings) {
    this.#random = random;
    this.#settings = settings;
  }

  event(): string {
    return this.#random.pick(EVENTS);
  }

  send(peer: SimulatedPeer, head: number): void {
    const roll = this.#random.next();
    const bytes = this.#settings.bytes ?? 0;
    const event = this.event();
    const echo = this.#random.next() < 0.7;
    if (roll < 0.05) peer.send({ event: "secret.word" });
    else if (roll < 0.1) peer.send({}, (this.#settings.messageBytes ?? 32_768) + 1);
    else if (roll < 0.2)
      peer.send({ event, echo, replyTo: 1 + Math.floor(this.#random.next() * (head + 3)) });
    else for (let count = this.#random.upTo(4); count > 0; count--) peer.send({ event, echo }, bytes);
  }

  /** Mostly changes the user's own recent messages; one in a few is refused. */
  change(peer: SimulatedPeer): void {
    const roll = this.#random.next();
    const { room, profile } = peer;
    const own = room.messages.filter(({ from }) => from?.id === profile.user);
    const among = this.#random.next() < 0.6 ? own : room.messages;
    const target =
      this.#random.next() < 0.03 ? this.#random.upTo(room.head + 2) : this.#random.any(among.slice(-12))?.seq;
    if (target === undefined) return;
    const emoji = this.#random.pick(EMOJIS);
    if (roll < 0.02) peer.edit(target, (this.#settings.messageBytes ?? 32_768) + 1);
    else if (roll < 0.4) peer.edit(target, this.#random.next() < 0.5 ? 0 : (this.#settings.bytes ?? 0));
    else if (roll < 0.5) peer.change(target, () => room.delete(target));
    else if (roll < 0.8) peer.change(target, () => room.react(target, emoji));
    else peer.change(target, () => room.unreact(target, emoji));
  }

  read({ room }: SimulatedPeer): void {
    const seq = this.#random.next() < 0.4 ? undefined : this.#random.upTo(room.head + 2);
    room.markRead(seq).catch(() => {});
  }

  signal(peer: SimulatedPeer, among: readonly SimulatedPeer[]): void {
    const to = this.#random.next() < 0.4 ? this.#random.pick(among).profile.user : undefined;
    const data = [peer.profile.index, ++this.#signals, to ?? null];
    peer.room.signal("task.ping", data, to === undefined ? {} : { to });
  }

  setPresence(peer: SimulatedPeer): void {
    const status = this.#random.pick(["online", "away", "busy"] as const);
    const data = this.#random.pick([undefined, null, { mood: this.#random.upTo(9) }]);
    peer.room.setPresence({ status, ...(data !== undefined && { data }) }).catch(() => {});
  }

  setTopics(peer: SimulatedPeer): void {
    if (peer.profile.topics !== null) peer.room.setTopics(this.#random.pick(TOPICS)).catch(() => {});
  }
}
