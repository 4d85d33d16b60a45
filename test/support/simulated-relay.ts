// A relay without a runtime, with its sockets and what is on its way to it. It sleeps and crashes.

import { HeldSocket, type KeptState } from "../../src/relay/held-socket.ts";
import { Relay } from "../../src/relay/relay.ts";
import { RoomConnection } from "../../src/room/people/room-connection.ts";
import { RoomSettings } from "../../src/room/people/room-settings.ts";
import type { Dispatch, Upload, UploadAnswer } from "../../src/room/relays/relay-calls.ts";
import type { Extent } from "./recorded-log.ts";
import { defaultsOf, type Person, type RoomTestSettings } from "./room-for-test.ts";

export interface RelayWorld {
  readonly settings: RoomTestSettings;
  readonly now: number;
  readonly pages: { watch(relay: Relay): void };
  readonly room: { readonly faults: unknown[] };
  uploadFrom(relay: number, upload: Upload): Promise<UploadAnswer>;
}

/** A dispatch on its way, with the log as it was. */
interface UnderWay {
  readonly dispatch: Dispatch;
  readonly extent: Extent;
}

interface Seat {
  readonly person: Person;
  readonly held: HeldSocket;
}

export class SimulatedRelay {
  readonly number: number;
  readonly #world: RelayWorld;
  relay: Relay;
  seats: Seat[] = [];
  queue: UnderWay[] = [];
  tries = 0;
  #lives = 0;

  constructor(number: number, world: RelayWorld) {
    this.number = number;
    this.#world = world;
    this.relay = this.#start();
  }

  #start(): Relay {
    const life = `relay${this.number}.${++this.#lives}`;
    const settings = new RoomSettings({ exec: () => [] }, defaultsOf(this.#world.settings));
    const { recent } = this.#world.settings.relays ?? {};
    const relay = new Relay(settings, {
      ...{ relay: this.number, life, ...(recent !== undefined && { recent }) },
      upload: (upload) => this.#world.uploadFrom(this.number, upload),
      now: () => this.#world.now,
      random: () => 0.5,
      wait: async () => {},
      reportFault: (error) => this.#world.room.faults.push(error),
      unreachable: () => {},
    });
    this.#world.pages.watch(relay);
    return relay;
  }

  restart(how: "hibernate" | "crash"): void {
    if (how === "crash") for (const { person } of this.seats) person.socket.close(1006, "");
    this.seats = this.seats.filter(
      ({ person: { socket } }) => socket.closed === undefined && socket.attachment !== null,
    );
    this.relay = this.#start();
    let at: KeptState["at"];
    const sockets = this.seats.map((seat, index) => {
      const kept = seat.person.socket.attachment as KeptState; // as the relay saved it
      const { at: place, ...state } = kept;
      at ??= place;
      const held = new HeldSocket();
      const connection = new RoomConnection(held, state);
      held.save(state);
      held.keep(place);
      held.attach(seat.person.socket);
      seat.person.connection = connection;
      this.seats[index] = { person: seat.person, held };
      return { connection, socket: held };
    });
    this.relay.restore(sockets, at ?? null);
  }
}
