import type { ChannelSet } from "../connection/channel-set.ts";
import { WebSocketTransport } from "../connection/transport/websocket-transport.ts";
import { RoomEngine, RoomListeners } from "../room/room-engine.ts";
import type { KeptParts, RoomContext, RoomKeeper } from "../room/room-keeper.ts";
import type { Cancel } from "../util/ports.ts";

/** An app that opens its rooms at all does so within this time. */
const OPENS_WITHIN_MS = 5_000;
/** Then another room has its turn: one that cannot be reached must not keep the others waiting. */
const TURN_MS = 30_000;

export interface UnopenedRoomsPort {
  readonly context: RoomContext;
  readonly channels: ChannelSet;
  /** The rooms that are not open, and in which something waits that can go out unseen. */
  waiting(): readonly string[];
  keep(parts: KeptParts): RoomKeeper;
}

/**
 * Sends what waits in rooms that the app does not open, one room after the other. Each has a connection of its own,
 * which the app does not see: the room that it opens later has its own history and options.
 */
export class UnopenedRooms {
  readonly #port: UnopenedRoomsPort;
  #open: RoomEngine | undefined;
  #last = "";
  /** The server lets this user into these no more. */
  readonly #refused = new Set<string>();
  #cancel: Cancel | undefined;
  #isOver = false;

  constructor(port: UnopenedRoomsPort) {
    this.#port = port;
  }

  /** To be called after anything may have changed. */
  look(): void {
    if (this.#isOver) return;
    const waiting = this.#waiting;
    if (this.#open !== undefined && !waiting.includes(this.#open.name)) this.leave(this.#open.name);
    if (this.#open !== undefined || waiting.length === 0) return;
    this.#after(OPENS_WITHIN_MS, () => this.#openNext());
  }

  /** The app opens this room. */
  leave(name: string): void {
    const engine = this.#open;
    if (engine?.name !== name) return;
    this.#open = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#port.channels.remove(engine.channel, () => engine.close());
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
    if (this.#open !== undefined) this.leave(this.#open.name);
  }

  get #waiting(): readonly string[] {
    return this.#port.waiting().filter((name) => !this.#refused.has(name));
  }

  #openNext(): void {
    const waiting = [...this.#waiting].sort();
    const name = waiting.find((other) => other > this.#last) ?? waiting[0];
    if (name === undefined) return;
    this.#last = name;
    const { context, channels } = this.#port;
    const transport = new WebSocketTransport(context, `/v1/rooms/${name}/connect`);
    const engine = new RoomEngine(context, transport, name, { history: 0 }, new RoomListeners());
    this.#open = engine;
    engine.keeper = this.#port.keep(engine);
    channels.add(engine.channel);
    this.#after(TURN_MS, () => {
      if (engine.channel.refusal !== undefined) this.#refused.add(name);
      this.leave(name);
      this.look();
    });
  }

  #after(delayMs: number, fn: () => void): void {
    this.#cancel ??= this.#port.context.ports.clock.after(delayMs, () => {
      this.#cancel = undefined;
      fn();
    });
  }
}
