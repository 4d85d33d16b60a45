import { noConnection, type RoomsError } from "../util/errors.ts";
import { Emitter } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import type { Channel } from "./channel.ts";
import type { ConnectionState } from "./transport/transport.ts";

/** `open`: channels start when they are wanted; `paused`: after `disconnect()`; `closed`: for good. */
type Phase = "open" | "paused" | "closed";

const DISCONNECTED: ConnectionState = Object.freeze({ status: "disconnected" });
const ORDER = ["connected", "connecting", "reconnecting", "disconnected"] as const;

/** All channels of one client: what its state is, and what `disconnect`, `reconnect` and `ping` act upon. */
export class ChannelSet {
  readonly events = new Emitter<{ state: ConnectionState }>();
  readonly #rooms = new Map<Channel, Cancel>();
  /**
   * The channel of the session, once the app asked for the inbox or a shared room. It ends after the rooms, and starts
   * before them.
   */
  #session: Channel | undefined;
  #phase: Phase = "open";
  #state = DISCONNECTED;

  /** The best of all, `disconnected` without any. */
  get state(): ConnectionState {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** From now on the channel counts; it starts with the next turn, or with `reconnect`. */
  add(channel: Channel): void {
    this.#rooms.set(
      channel,
      channel.watch(() => this.#changed()),
    );
    if (this.#phase === "open") channel.start("afterTurn");
  }

  /** It does not count any more. `close` ends it before listeners are called, who may open the same room anew. */
  remove(channel: Channel, close: () => void): void {
    this.#rooms.get(channel)?.();
    this.#rooms.delete(channel);
    close();
    this.#changed();
  }

  /** `again`: also if it was given up, as a room that is opened knows of no earlier socket. */
  openSession(channel: Channel, when: "once" | "again"): void {
    if (this.isClosed) return;
    const isFirst = this.#session === undefined;
    this.#session = channel;
    if (isFirst) channel.watch(() => this.#changed());
    const isDown = channel.state.status === "disconnected";
    if (this.#phase === "open" && isDown && (isFirst || when === "again")) channel.start("afterTurn");
  }

  async ping(): Promise<number> {
    const live = this.#all().find((channel) => channel.live);
    if (live === undefined) throw noConnection();
    return live.ping();
  }

  disconnect(): void {
    if (this.isClosed) return;
    this.#phase = "paused";
    for (const channel of this.#all()) {
      // A listener may have changed its mind.
      if (this.#phase === "paused") channel.stop();
    }
  }

  reconnect(): void {
    if (this.isClosed) return;
    this.#phase = "open";
    for (const channel of this.#all().reverse()) {
      if (this.#phase === "open") channel.start();
    }
  }

  /** The client has another user: what belongs to the former one is dropped before any connection opens. */
  startOver(error: RoomsError): void {
    const phase = this.#phase;
    const tells = this.#all().map((channel) => channel.forgetUser(error));
    for (const tell of tells) tell();
    // A listener of the error may have ended it.
    if (this.#phase === phase) this.reconnect();
  }

  /** No channel starts any more. The rooms close theirs, each with what else it has. */
  close(closeRooms: () => void): void {
    this.#phase = "closed";
    closeRooms();
    this.#session?.close();
  }

  #all(): Channel[] {
    const rooms = [...this.#rooms.keys()];
    return this.#session === undefined ? rooms : [...rooms, this.#session];
  }

  #changed(): void {
    const states = this.#all().map(({ state }) => state);
    const [state = DISCONNECTED] = states.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
    if (state === this.#state) return;
    this.#state = state;
    this.events.emit("state", state);
  }
}
