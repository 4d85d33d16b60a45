// Which rooms of a client are open, and who holds them.

import { DEFAULT_HISTORY } from "../../src/protocol/index.ts";
import type { ChannelSet } from "../connection/channel-set.ts";
import type { Transport } from "../connection/transport/transport.ts";
import { WatchTransport } from "../connection/transport/watch-transport.ts";
import type { EventMap } from "../events/event-map.ts";
import { roomName } from "../util/errors.ts";
import { ignoreRejection } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import { RoomEngine, RoomListeners } from "./room-engine.ts";
import { RoomHandle } from "./room-handle.ts";
import type { RoomContext } from "./room-keeper.ts";
import type { Presence, RoomOptions } from "./room-types.ts";

/** How a room is connected. */
export interface RoomWay {
  readonly isShared: boolean;
  /** `path` is the address of the room's own socket. */
  transport(name: string, path: string): Transport;
  /** The room opens, or opens again. */
  onOpen(): void;
}

/** One room for as long as a handle of it exists. */
interface Slot {
  readonly name: string;
  readonly listeners: RoomListeners;
  options: RoomOptions;
  way: RoomWay;
  /** `undefined` until somebody looks at it, and after the room was left. */
  engine: RoomEngine | undefined;
  /** Of a room that is only watched. */
  watched: WatchTransport | undefined;
  holds: number;
  /** After the last release, until the room is left. */
  cancelLeaving: Cancel;
}

/**
 * Two handles of one room share its engine, connection and snapshot. The room is left one turn of the event loop after the
 * last of them was released, so that a release and a hold in one turn change nothing on the wire.
 */
export class RoomRegistry {
  readonly #context: RoomContext;
  readonly #channels: ChannelSet;
  /** Weak: a room that was only looked at goes with its last handle. */
  readonly #slots = new Map<string, WeakRef<Slot>>();
  readonly #held = new Set<Slot>();
  #presence: Presence = {};

  constructor(context: RoomContext, channels: ChannelSet) {
    this.#context = context;
    this.#channels = channels;
  }

  /** A handle that holds the room. */
  hold<Events extends EventMap>(name: string, options: RoomOptions, way: RoomWay): RoomHandle<Events> {
    const slot = this.#slot(name, options, way);
    const held = this.#hold(slot, options);
    return new RoomHandle({
      name,
      engine: held.engine,
      get isOpen() {
        return held.isHeld;
      },
      get mayListen() {
        return held.isHeld;
      },
      hold: () => (held.isHeld ? this.#hold(slot, options).release : () => {}),
      leave: held.release,
    });
  }

  /** A handle that does not: it does what the room does for as long as others hold it. */
  peek<Events extends EventMap>(name: string, options: RoomOptions, way: RoomWay): RoomHandle<Events> {
    const slot = this.#slot(name, options, way);
    const [engine, isHeld] = [() => this.#engine(slot), () => this.#held.has(slot)];
    return new RoomHandle({
      name,
      get engine() {
        return engine();
      },
      get isOpen() {
        return isHeld();
      },
      mayListen: true,
      hold: () => this.#hold(slot, options).release,
      leave: () => {},
    });
  }

  async setPresence(presence: Presence): Promise<void> {
    this.#presence = { ...this.#presence, ...presence };
    await Promise.all([...this.#held].map((slot) => this.#engine(slot).presence.set(presence)));
  }

  /** The presence is that of a former user. */
  forgetUser(): void {
    this.#presence = {};
  }

  /** All rooms are left at once. */
  close(): void {
    for (const slot of [...this.#held]) this.#leave(slot);
    this.#context.offline?.close();
  }

  #slot(name: string, options: RoomOptions, way: RoomWay): Slot {
    roomName(name);
    const known = this.#slots.get(name)?.deref();
    if (known !== undefined) {
      if (known.engine !== undefined) this.#compare(known, options, way);
      else Object.assign(known, { options, way });
      return known;
    }
    for (const [key, slot] of this.#slots) if (slot.deref() === undefined) this.#slots.delete(key);
    const slot: Slot = {
      name,
      listeners: new RoomListeners(),
      options,
      way,
      engine: undefined,
      watched: undefined,
      holds: 0,
      cancelLeaving: () => {},
    };
    this.#slots.set(name, new WeakRef(slot));
    return slot;
  }

  /** Says in the log which of the options have no effect, as the room has others already. */
  #compare(slot: Slot, options: RoomOptions, way: RoomWay): void {
    const { history = DEFAULT_HISTORY, topics = null, keep } = slot.options;
    const held = { history, topics, keep, shared: slot.way.isShared };
    const given = { ...options, shared: way.isShared };
    const names = (["history", "topics", "keep", "shared"] as const).filter(
      (name) => given[name] !== undefined && JSON.stringify(given[name]) !== JSON.stringify(held[name]),
    );
    if (names.length > 0)
      this.#context.log(
        "warn",
        `room ${slot.name} is open already, so these have no effect: ${names.join(", ")}`,
      );
  }

  #engine(slot: Slot): RoomEngine {
    slot.engine ??= this.#make(slot);
    return slot.engine;
  }

  #make(slot: Slot): RoomEngine {
    const { name, options, listeners, way } = slot;
    const own = () => way.transport(name, `/v1/rooms/${name}/connect`);
    slot.watched = options.watch ? this.#watch(slot, own) : undefined;
    // What everybody may read is not kept, and nothing is sent.
    const context = slot.watched ? { ...this.#context, offline: undefined } : this.#context;
    return new RoomEngine(context, slot.watched ?? own(), name, options, listeners);
  }

  #watch(slot: Slot, own: () => Transport): WatchTransport {
    return new WatchTransport(this.#context, slot.name, () => {
      const { engine } = slot;
      if (engine !== undefined && this.#held.has(slot)) {
        engine.keeper = this.#context.offline?.keep(engine);
        slot.way.onOpen();
      }
      return own();
    });
  }

  #hold(slot: Slot, { watch = false }: RoomOptions) {
    const engine = this.#engine(slot);
    // Who takes part counts more than who watches.
    if (!watch) slot.watched?.upgrade();
    let isReleased = this.#channels.isClosed;
    if (!isReleased) {
      slot.cancelLeaving();
      slot.holds += 1;
      if (!this.#held.has(slot)) this.#open(slot, engine);
    }
    const held = {
      engine,
      get isHeld() {
        return !isReleased && slot.engine === engine;
      },
      release: () => {
        if (!held.isHeld) return;
        isReleased = true;
        slot.holds -= 1;
        if (slot.holds === 0) this.#leaveAfterTurn(slot, engine);
      },
    };
    return held;
  }

  #open(slot: Slot, engine: RoomEngine): void {
    this.#held.add(slot);
    if (!slot.watched?.skipsNumbers) {
      engine.keeper = this.#context.offline?.keep(engine);
      slot.way.onOpen();
    }
    void ignoreRejection(engine.presence.set(this.#presence));
    this.#channels.add(engine.channel);
  }

  #leaveAfterTurn(slot: Slot, engine: RoomEngine): void {
    slot.cancelLeaving = this.#context.ports.clock.after(0, () => this.#leave(slot));
    // Opened in this very turn, it is not to be dialed before that.
    engine.channel.postponeStart();
  }

  #leave(slot: Slot): void {
    const { engine } = slot;
    // First, so that a listener who hears of the end can open the room anew.
    slot.cancelLeaving();
    slot.engine = undefined;
    slot.holds = 0;
    this.#held.delete(slot);
    if (engine !== undefined) this.#channels.remove(engine.channel, () => engine.close());
  }
}
