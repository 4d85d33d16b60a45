// A room, its members, a receiver that fails in all ways, crashes and sleeps, in random order. In the end the receiver
// knows each event, in order, and once.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import type { WebhookEvent } from "../../../src/protocol/index.ts";
import type { Person } from "../../support/room-for-test.ts";
import { failed, type Reception, TOLD, WebhookWorld } from "../../support/webhook-world.ts";

const USERS = ["ada", "bo", "cy", "di", "ed"];
const STEPS = 250;

class Simulation {
  readonly world: WebhookWorld;
  readonly #random: () => number;
  readonly #people = new Map<string, Person>();
  #sent = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const historyLimit = this.#oneOf([3, 20, 100]);
    this.world = new WebhookWorld({ historyLimit });
    this.world.receive = () => this.#reception();
    this.world.dies = () => this.#isRare(0.05);
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      // An attempt, or none yet: a crash may come in between.
      if (this.#isRare(0.5)) this.world.settle();
      else this.world.test.flush();
      this.world.secure();
    }
    // The grace of those who were lost is over.
    this.world.test.later(6_000);
    this.world.secure();
    if (this.#isRare(0.5)) this.#crash();
    this.world.receive = () => TOLD;
    this.world.dies = () => false;
    this.world.wait(3 * 3_600_000);
  }

  #act(): void {
    const { world } = this;
    const user = this.#oneOf(USERS);
    const person = this.#people.get(user);
    const is = this.#random();
    if (is < 0.15) this.#come(user);
    else if (is < 0.25) this.#go(user, "left");
    else if (is < 0.3) this.#go(user, "lost");
    else if (is < 0.55) person?.say({ type: "send", id: `m${++this.#sent}`, data: `m${this.#sent}` });
    else if (is < 0.75) this.#change(person);
    else if (is < 0.85) world.pass(this.#oneOf([100, 3_000, 20_000, 400_000]));
    else if (is < 0.9) world.sleep();
    else if (is < 0.95) this.#crash();
  }

  #come(user: string): void {
    if (this.#people.has(user)) return;
    const person = this.world.test.connect(user, { expiresAt: this.world.now + 1e9 });
    person.socket.pingedAt = null;
    this.#people.set(user, person);
  }

  #go(user: string, departure: "left" | "lost"): void {
    this.#people.get(user)?.leave(departure);
    this.#people.delete(user);
  }

  #change(person: Person | undefined): void {
    const { floor, head } = this.world.test.log;
    const seq = floor + 1 + Math.floor(this.#random() * (head - floor));
    const is = this.#oneOf(["edit", "edit", "react", "delete"]);
    const how = { edit: { data: `e${this.#sent}` }, react: { emoji: "👍", op: "add" }, delete: {} }[is];
    person?.say({ type: is, id: `c${++this.#sent}`, seq, ...how });
  }

  #crash(): void {
    this.world.crash();
    this.#people.clear();
  }

  #reception(): Reception {
    const is = this.#random();
    if (is < 0.5) return TOLD;
    if (is < 0.65) return "lost";
    return failed({ isRefusal: is < 0.8, retryAfterMs: is > 0.95 ? 60_000 : 0 });
  }

  #isRare(chance: number): boolean {
    return this.#random() < chance;
  }

  #oneOf<T>(values: readonly [T, ...T[]] | readonly T[]): T {
    const value = values[Math.floor(this.#random() * values.length)];
    if (value === undefined) throw new Error("there is none");
    return value;
  }
}

/** The place that stands in an id. */
const placeOf = ({ id }: WebhookEvent): number[] => (id.split("/").at(-1) ?? "").split(".").map(Number);

function isInOrder(one: WebhookEvent, other: WebhookEvent): boolean {
  const [a, b] = [placeOf(one), placeOf(other)];
  for (const at of [0, 1, 2]) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function checkPeople(events: readonly WebhookEvent[], here: ReadonlySet<string>): void {
  const told = new Set<string>();
  let occupied = false;
  for (const event of events) {
    if (event.type === "member.joined" || event.type === "member.left") {
      expect(told.has(event.user.id), `${event.id} ${event.type}`).toBe(event.type === "member.left");
      if (event.type === "member.joined") told.add(event.user.id);
      else told.delete(event.user.id);
    }
    if (event.type === "room.occupied" || event.type === "room.vacated") {
      expect(occupied, event.id).toBe(event.type === "room.vacated");
      occupied = event.type === "room.occupied";
    }
  }
  expect([...told].sort()).toEqual([...here].sort());
  expect(occupied).toBe(here.size > 0);
}

describe("webhooks, simulated", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
    "[Z69] every event arrives, in order, over failures, crashes and sleeps (seed %i)",
    (seed) => {
      const simulation = new Simulation(seed);
      simulation.run();
      const { world } = simulation;
      const { events, test } = world;
      expect(test.faults).toEqual([]);
      expect(test.lost).toEqual([]);
      for (const [at, event] of events.slice(1).entries()) {
        const before = events[at];
        if (before !== undefined) expect(isInOrder(before, event), `${before.id} ${event.id}`).toBe(true);
      }
      const stored = events.flatMap((event) => (event.type === "message.stored" ? [event.message.seq] : []));
      expect(stored).toEqual(
        test.recordedLog.now.events.filter(({ seq, target }) => seq === target).map(({ seq }) => seq),
      );
      // Whoever applies them has each message as it is now.
      const shown = new Map<number, unknown>();
      for (const event of events) if ("message" in event) shown.set(event.message.seq, event.message);
      const now = test.log.eventsAfter(test.log.floor, null).events.map((json) => JSON.parse(json));
      for (const message of now)
        if (message.type === "message") expect(shown.get(message.seq)).toEqual(message);
      expect(now.length).toBeGreaterThan(0);
      checkPeople(events, new Set(test.room.roomPresence.users.map(({ id }) => id)));
      expect(world.webhooks.isPending).toBe(false);
    },
  );

  it("[Z69] a purge begins anew, and says what it took", () => {
    const world = new WebhookWorld();
    world.receive = () => failed();
    const ada = world.test.join("ada");
    ada.send("m1");
    world.settle();
    world.test.call(SERVER, (turn) => world.test.room.moderation.purge(SERVER, turn));
    world.receive = () => TOLD;
    world.pass(60_000);
    expect(world.events[0]).toMatchObject({ type: "events.lost", reason: "purged", count: 3 });
  });
});
