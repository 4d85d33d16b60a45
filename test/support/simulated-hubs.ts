// Hubs between a simulated room and its relays: the real rules of both ends, and calls that are late, fail or lose their
// answers. Time for them passes with each flush.

import { Hub } from "../../src/relay/hub.ts";
import { HubLine } from "../../src/room/relays/hub-line.ts";
import type {
  AddressedDispatch,
  Dispatch,
  DispatchAnswer,
  Upload,
  UploadAnswer,
} from "../../src/room/relays/relay-calls.ts";
import { hubOf } from "../../src/room/relays/relay-numbers.ts";
import type { Extent } from "./recorded-log.ts";

export interface HubWorld {
  readonly now: number;
  readonly life: string;
  /** Whether a call, or its answer, is lost. */
  fails(): boolean;
  /** Whether a call is still on its way. */
  isLate(): boolean;
  takeAt(relay: number, dispatches: readonly Dispatch[], extents: readonly Extent[]): DispatchAnswer;
  uploadToRoom(upload: Upload): Promise<UploadAnswer>;
  answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer): void;
  lost(relay: number, dispatches: readonly Dispatch[]): void;
}

interface SimulatedHub {
  readonly rules: Hub;
  readonly died: PromiseWithResolvers<never>;
}

interface Delivery {
  readonly relay: number;
  readonly dispatches: readonly Dispatch[];
  readonly resolve: (answer: DispatchAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class SimulatedHubs {
  readonly tally = { hubCrashes: 0, throughHubs: 0, mergedUploads: 0 };
  readonly #world: HubWorld;
  readonly #hubs = new Map<number, SimulatedHub>();
  readonly #extents = new Map<string, Extent>();
  #lines = new Map<number, HubLine>();
  #deliveries: Delivery[] = [];
  #waiting: (() => void)[] = [];
  #underWay = 0;
  #lives = 0;

  constructor(world: HubWorld) {
    this.#world = world;
  }

  /** Whether something is under way to or from a relay, or any. */
  isBusyWith(relay?: number): boolean {
    return this.#underWay > 0 || this.#deliveries.some((one) => relay === undefined || one.relay === relay);
  }

  /** The room has a dispatch for a relay that has a hub. */
  take(addressed: AddressedDispatch, extent: Extent): void {
    const { number, dispatch } = addressed;
    this.#extents.set(`${dispatch.life} ${number} ${dispatch.number}`, extent);
    this.#lineTo(hubOf(number)).take({ ...addressed, dispatch: structuredClone(dispatch) });
    this.tally.throughHubs++;
  }

  /** A relay sends something to the room. */
  upload(upload: Upload): Promise<UploadAnswer> {
    const copy = structuredClone(upload);
    return this.#call(hubOf(upload.relay), (hub) => hub.upload(copy));
  }

  /** Calls of hubs arrive at relays. */
  deliver(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    const held = new Set<number>();
    for (const delivery of this.#deliveries.splice(0)) {
      const { relay } = delivery;
      if (held.has(relay) || this.#world.isLate()) {
        held.add(relay);
        this.#deliveries.push(delivery);
      } else this.#arrive(delivery);
    }
  }

  roomDied(): void {
    this.#lines = new Map();
  }

  relayDied(relay: number): void {
    for (const { reject } of this.#deliveries.filter((one) => one.relay === relay))
      reject(new Error("the relay died"));
    this.#deliveries = this.#deliveries.filter((one) => one.relay !== relay);
  }

  /** A hub loses all that it has. What it has sent still arrives. */
  crash(pick: (hubs: readonly number[]) => number): void {
    if (this.#hubs.size === 0) return;
    const hub = pick([...this.#hubs.keys()]);
    this.#hubs.get(hub)?.died.reject(new Error("the hub died"));
    this.#hubs.delete(hub);
    this.tally.hubCrashes++;
  }

  #arrive({ relay, dispatches, resolve, reject }: Delivery): void {
    const world = this.#world;
    if (world.fails()) {
      reject(new Error("did not arrive"));
      return;
    }
    const extents = dispatches.map(
      ({ life, number }) => this.#extents.get(`${life} ${relay} ${number}`) ?? { head: 0, floor: 0 },
    );
    const answer = world.takeAt(relay, dispatches, extents);
    if (world.fails()) reject(new Error("the answer was lost"));
    else resolve(structuredClone(answer));
  }

  #lineTo(number: number): HubLine {
    const found = this.#lines.get(number);
    if (found !== undefined) return found;
    const { life } = this.#world;
    const unlessOver = (run: () => void) => {
      if (this.#world.life === life) run();
    };
    const line = new HubLine({
      life,
      pass: (call) => {
        const copy = structuredClone(call);
        // A life of the room that is over makes no call any more.
        return this.#world.life === life
          ? this.#call(number, (hub) => hub.pass(copy))
          : new Promise(() => {});
      },
      answered: (relay, dispatches, answer) =>
        unlessOver(() => this.#world.answered(relay, dispatches, structuredClone(answer))),
      lost: (relay, dispatches) => unlessOver(() => this.#world.lost(relay, dispatches)),
      heard: () => {},
      failed: () => {},
      random: () => 0.5,
      wait: () => this.#wait(),
    });
    this.#lines.set(number, line);
    return line;
  }

  async #call<T>(number: number, run: (hub: Hub) => Promise<T>): Promise<T> {
    if (this.#world.fails()) throw new Error("did not arrive");
    const { rules, died } = this.#hubOf(number);
    this.#underWay++;
    try {
      const answer = structuredClone(await Promise.race([run(rules), died.promise]));
      if (this.#world.fails()) throw new Error("the answer was lost");
      return answer;
    } finally {
      this.#underWay--;
    }
  }

  #hubOf(number: number): SimulatedHub {
    const found = this.#hubs.get(number);
    if (found !== undefined) return found;
    const died = Promise.withResolvers<never>();
    died.promise.catch(() => {});
    const world = this.#world;
    const rules = new Hub({
      life: `hub${number}.${++this.#lives}`,
      deliver: ({ number: relay }, sent) => {
        const { promise, resolve, reject } = Promise.withResolvers<DispatchAnswer>();
        this.#deliveries.push({ relay, dispatches: structuredClone(sent), resolve, reject });
        return promise;
      },
      upload: (uploads) => {
        if (uploads.length > 1) this.tally.mergedUploads++;
        return Promise.all(uploads.map((upload) => world.uploadToRoom(upload)));
      },
      now: () => world.now,
      random: () => 0.5,
      wait: () => this.#wait(),
      unreachable: () => {},
    });
    const hub = { rules, died };
    this.#hubs.set(number, hub);
    return hub;
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
