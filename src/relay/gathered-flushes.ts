// The events of flushes that come in one call: they go out as if they were one flush, as each frame costs a socket as much.

import type { Connections } from "../room/connections.ts";
import { Delivery } from "../room/delivery.ts";
import { audienceOf } from "../room/relayed-entries.ts";
import type { DeliverStep } from "../room/relays/relay-calls.ts";
import type { PeopleHere } from "./people-here.ts";

export class GatheredFlushes {
  readonly #connections: Connections;
  readonly #people: PeopleHere;
  #delivery: Delivery | undefined;

  constructor(connections: Connections, people: PeopleHere) {
    this.#connections = connections;
    this.#people = people;
  }

  add({ entries, answers, checkpoint }: DeliverStep, now: number): void {
    this.#delivery ??= new Delivery(this.#connections, now);
    const delivery = this.#delivery;
    for (const entry of entries) {
      const audience = audienceOf(entry, this.#people);
      if (audience !== undefined) delivery.emit(audience, entry.json);
    }
    for (const [id, texts] of answers) {
      const connection = this.#people.find(id);
      if (connection !== undefined) for (const text of texts) delivery.answer(connection, text);
    }
    // No event of a later flush may stand before it.
    if (checkpoint !== null) this.deliver(now, checkpoint);
  }

  deliver(now: number, checkpoint: string | null = null): void {
    const delivery = this.#delivery;
    if (delivery === undefined) return;
    this.#delivery = undefined;
    this.#connections.watchSlow(now, () => delivery.deliver(checkpoint));
  }
}
