import { isRoomName, type ReconnectLimits } from "../src/protocol/index.ts";
import { type ClientContext, setContext } from "./client-context.ts";
import type { Channel } from "./connection/channel.ts";
import { Peers } from "./connection/peers.ts";
import { SessionRooms } from "./connection/transport/session-rooms.ts";
import { type GetToken, TokenSource } from "./connection/transport/token-source.ts";
import type { ConnectionState } from "./connection/transport/transport.ts";
import { WebSocketTransport } from "./connection/transport/websocket-transport.ts";
import { Inbox } from "./inbox/inbox.ts";
import { InboxEngine } from "./inbox/inbox-engine.ts";
import { RoomEngine } from "./room/room-engine.ts";
import { RoomHandle } from "./room/room-handle.ts";
import type { Presence, RoomOptions } from "./room/room-types.ts";
import { Emitter } from "./util/emitter.ts";
import { noConnection, RoomsError } from "./util/errors.ts";
import { createLog, type LogOption } from "./util/log.ts";
import type { Cancel, Ports } from "./util/ports.ts";
import { quiet } from "./util/quiet.ts";
import { baseUrl } from "./util/url.ts";

export interface ClientOptions {
  /** http(s) or ws(s), a path before `/v1` allowed; `""` is the page's own origin. */
  readonly url: string;
  /**
   * Asked when no valid token is at hand, at most once a second; `null` is anonymous. Rejecting is a failed try like
   * any other, except with a `RoomsError` `unauthorized`, which ends in `disconnected`. Default: anonymous.
   */
  readonly getToken?: GetToken;
  /** Failed tries in a row before `disconnected`. 0: the first failure or loss. Default `Infinity`. */
  readonly maxAttempts?: number;
  /** Bounds of the back-off, instead of what the server says. */
  readonly reconnect?: ReconnectLimits | undefined;
  /** Commands are gathered for this long into one frame. Default 0: one turn of the event loop. */
  readonly batchMs?: number;
  /** Default `"warn"`. */
  readonly log?: LogOption;
}

export interface ClientEvents {
  state: ConnectionState;
}

interface OpenRoom {
  readonly handle: RoomHandle;
  readonly engine: RoomEngine;
}

const DISCONNECTED: ConnectionState = Object.freeze({ status: "disconnected" });

/** `open`: sockets open as they are wanted; `paused`: after `disconnect()`; `closed`: for good. */
type Phase = "open" | "paused" | "closed";

/** All rooms and the inbox of one user on one server. Made by `createClient`. */
export class Client {
  readonly inbox: Inbox;
  readonly #context: ClientContext;
  readonly #tokens: TokenSource;
  readonly #closed = new AbortController();
  readonly #events = new Emitter<ClientEvents>();
  readonly #rooms = new Map<string, OpenRoom>();
  readonly #session: Channel;
  readonly #sessionRooms: SessionRooms;
  /** Anybody listens to the inbox, or there was a room on it. */
  #sessionIsWanted = false;
  #presence: Presence = {};
  #phase: Phase = "open";
  #state = DISCONNECTED;

  constructor(options: ClientOptions, ports: Ports) {
    const { url, getToken = () => null, maxAttempts = Number.POSITIVE_INFINITY, batchMs = 0 } = options;
    const tokens = new TokenSource(ports.clock, ports.random, getToken);
    const base = baseUrl(url, ports.origin);
    this.#tokens = tokens;
    this.#context = {
      ports,
      tokens,
      peers: new Peers(),
      base,
      batchMs,
      maxAttempts,
      reconnect: options.reconnect,
      log: createLog(options.log ?? "warn"),
      closed: this.#closed.signal,
    };
    setContext(this, this.#context);
    const socket = new WebSocketTransport(this.#context, "/v1/connect");
    const engine = new InboxEngine(this.#context, socket);
    this.#session = engine.channel;
    this.#session.watch(() => this.#stateChanged());
    this.#sessionRooms = new SessionRooms(this.#context, socket, this.#session);
    this.inbox = new Inbox(engine, () => this.#openSession("once"));
  }

  /** The best of its sockets; `disconnected` while there is none. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Returns the unsubscribe. */
  on<Type extends keyof ClientEvents>(type: Type, fn: (payload: ClientEvents[Type]) => void): Cancel {
    return this.#events.on(type, fn);
  }

  /**
   * The handle of a room, the same one for the same name until it is left; options count with the first call. Its
   * socket, or that of the session, opens on the next turn of the event loop. Throws `bad_request` for what is no name
   * of a room.
   */
  room(name: string, options: RoomOptions = {}): RoomHandle {
    const known = this.#rooms.get(name);
    if (known !== undefined) return known.handle;
    if (!isRoomName(name)) throw new RoomsError("bad_request", "This is no name of a room.");
    const { shared = false } = options;
    const path = `/v1/rooms/${name}/connect`;
    const transport = shared
      ? this.#sessionRooms.transport(name, path)
      : new WebSocketTransport(this.#context, path);
    const engine = new RoomEngine(this.#context, transport, name, options);
    const handle = new RoomHandle(engine, () => {
      this.#rooms.delete(name);
      this.#stateChanged();
    });
    if (this.#phase === "closed") {
      handle.leave();
      return handle;
    }
    this.#rooms.set(name, { handle, engine });
    engine.events.on("state", () => this.#stateChanged());
    void engine.presence.set(this.#presence);
    if (shared) this.#openSession("again");
    if (this.#phase === "open") engine.channel.start("afterTurn");
    return handle;
  }

  /** Says how this user is in all rooms, also those joined later. Offline it is told with the connection. */
  setPresence(presence: Presence): Promise<void> {
    this.#presence = { ...this.#presence, ...presence };
    const told = [...this.#rooms.values()].map(({ handle }) => handle.setPresence(presence));
    return quiet(Promise.all(told).then(() => {}));
  }

  /** Round trip in milliseconds, on any open socket. Rejects `offline` where there is none. */
  async ping(): Promise<number> {
    const live = this.#channels().find((channel) => channel.live);
    if (live === undefined) throw noConnection();
    return live.ping();
  }

  /** Closes the sockets; handles, listeners and outboxes stay, and `reconnect()` goes on where this left off. */
  disconnect(): void {
    if (this.#phase === "closed") return;
    this.#phase = "paused";
    for (const channel of this.#channels()) {
      // A listener may have thought better of it.
      if (this.#phase === "paused") channel.stop();
    }
  }

  /** Starts all connections over at once, whatever they are at. */
  reconnect(): void {
    if (this.#phase === "closed") return;
    this.#phase = "open";
    // The session first: its rooms wait for it.
    for (const channel of this.#channels().toReversed()) {
      if (this.#phase === "open") channel.start();
    }
  }

  /** For good: every state is `disconnected` at once, what waits rejects with `closed`, and nothing is left running. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    for (const { handle } of [...this.#rooms.values()]) handle.leave();
    this.#session.close();
    this.#closed.abort(new RoomsError("closed", "The client was closed."));
    this.#tokens.close();
  }

  /** `again`: also where it was given up, as a socket of a room that is opened knows of no earlier one. */
  #openSession(when: "once" | "again"): void {
    const isFirst = !this.#sessionIsWanted;
    if (this.#phase === "closed") return;
    this.#sessionIsWanted = true;
    const isDown = this.#session.state.status === "disconnected";
    if (this.#phase === "open" && isDown && (isFirst || when === "again")) this.#session.start("afterTurn");
  }

  /** Rooms first: what they have to say yet goes out before the session ends. */
  #channels(): readonly Channel[] {
    const ofRooms = [...this.#rooms.values()].map(({ engine }) => engine.channel);
    return this.#sessionIsWanted ? [...ofRooms, this.#session] : ofRooms;
  }

  #stateChanged(): void {
    const state = bestState(this.#channels().map((channel) => channel.state)) ?? DISCONNECTED;
    if (state === this.#state) return;
    this.#state = state;
    this.#events.emit("state", state);
  }
}

const ORDER = ["connected", "connecting", "reconnecting", "disconnected"] as const;

/** The best of several: a client is as connected as the best of its sockets. */
const bestState = (states: readonly ConnectionState[]): ConnectionState | undefined =>
  [...states].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))[0];
