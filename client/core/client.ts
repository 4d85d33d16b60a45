import type { ReconnectLimits } from "../../src/protocol/index.ts";
import { ChannelSet } from "../connection/channel-set.ts";
import { Fallback, type PollingMode } from "../connection/transport/fallback.ts";
import type { GetToken } from "../connection/transport/token-answer.ts";
import { TokenSource } from "../connection/transport/token-source.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import { type OnUserChange, UserGuard } from "../connection/transport/user-guard.ts";
import { WebSocketTransport } from "../connection/transport/websocket-transport.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import type { RoomHandle } from "../room/room-handle.ts";
import type { Offline, RoomContext } from "../room/room-keeper.ts";
import { RoomRegistry, type RoomWay } from "../room/room-registry.ts";
import type { Presence, RoomOptions } from "../room/room-types.ts";
import { RoomsError } from "../util/errors.ts";
import { ignoreRejection, Listeners } from "../util/listeners.ts";
import { createLog, type LogOption } from "../util/log.ts";
import type { Cancel, Ports } from "../util/ports.ts";
import { ServerTime } from "../util/server-time.ts";
import { baseUrl } from "../util/url.ts";
import { setContext, type TabSharing } from "./client-context.ts";

export interface ClientOptions {
  /** http(s) or ws(s), a path before `/v1` allowed; `""` is the page's own origin, so it throws where a server renders. */
  readonly url: string;
  /**
   * Asked when no valid token is at hand, and on `reconnect()`, at most once a second. Gives a JWT, as a text or as
   * `{ token }`; `null` and `undefined` are anonymous. If it rejects, or gives what is no JWT, the try has failed like
   * any other and is repeated with back-off: `state.error` says `offline` and why, and the log too. A `RoomsError`
   * `unauthorized` is final. If a server refuses a token, the next one is asked for with back-off for a minute before
   * that is final. Default: anonymous.
   *
   * @example
   * createClient({ url: "", getToken: async () => (await fetch("/token")).text() });
   */
  readonly getToken?: GetToken;
  /**
   * When the user behind `getToken` is another one than before, or none, nothing of the former user goes out as the new
   * one. `"end"`: each connection ends in `disconnected` with `user_changed`, and the app makes another client.
   * `"startOver"`: what waits rejects with `user_changed`, messages, read positions and presence are dropped, `error` is
   * emitted, and all connections open as the new user. To sign in after reading without a token is no change. It is noticed
   * with the next token: call `reconnect()` when another user has signed in, as the old one may be valid for an hour.
   *
   * @default "end"
   */
  readonly onUserChange?: OnUserChange;
  /** Failed tries in a row before `disconnected`. 0: the first failure or loss. Default `Infinity`. */
  readonly maxAttempts?: number;
  /** Bounds of the back-off in milliseconds. Default: what the server says, at first 1,000 and 30,000. */
  readonly reconnect?: ReconnectLimits | undefined;
  /**
   * Commands are gathered for this long into one frame; of several signals of one event to the same receivers the last one
   * goes. Default 0 ms: one turn of the event loop.
   */
  readonly batchMs?: number;
  /**
   * Long polling, for networks that let no WebSocket through: the same rooms and guarantees in HTTP calls, at more cost
   * and some 100 ms later. `"auto"`: once WebSockets failed while calls get through, until WebSockets work again.
   * `"always"` is for tests.
   *
   * @default "auto"
   */
  readonly polling?: PollingMode;
  /**
   * What waits to be sent, and on request what was read, outlives the page: `keepOffline()` of `edge-rooms/offline`.
   * Default: it ends with the page.
   */
  readonly offline?: Offline;
  /**
   * The tabs of one user share their connections: `shareTabs()` of `edge-rooms/tabs`. Default: each tab has its own.
   */
  readonly tabs?: TabSharing | undefined;
  /** Default `"warn"`. */
  readonly log?: LogOption;
}

export interface ClientEvents {
  state: ConnectionState;
}

/**
 * The rooms of one user on one server, and what all connections share. Made by `createClient`. Methods may be called
 * unbound, and the object is frozen. The inbox, rooms on the session's socket and calls over HTTP are imports of their
 * own, which take the client: `inboxOf`, `sharedRoom`, `roomApi`, `userApi`.
 */
export class Client<Events extends EventMap = RegisteredEvents> {
  readonly #channels = new ChannelSet();
  readonly #rooms: RoomRegistry;
  readonly #own: RoomWay;
  readonly #tokens: TokenSource;
  readonly #closed = new AbortController();

  constructor(options: ClientOptions, ports: Ports) {
    const { url, getToken = () => null, maxAttempts = Number.POSITIVE_INFINITY, batchMs = 0 } = options;
    const { onUserChange = "end" } = options;
    const log = createLog(options.log ?? "warn");
    this.#tokens = new TokenSource(ports, getToken, log);
    const fallback = new Fallback(options.polling ?? "auto", this.#closed.signal);
    const shared: RoomContext = {
      ports,
      tokens: this.#tokens,
      serverTime: new ServerTime(ports.clock),
      users: new UserGuard(onUserChange, (error) => {
        this.#rooms.forgetUser();
        this.#channels.startOver(error);
      }),
      dial: (unheard: number) => fallback.dial(shared, unheard),
      isSwallowed: () => fallback.isSwallowed(shared),
      peers: new Listeners<void>(),
      base: baseUrl(url, ports.origin),
      batchMs,
      maxAttempts,
      reconnect: options.reconnect,
      offline: options.offline,
      log,
    };
    this.#rooms = new RoomRegistry(shared, this.#channels);
    const { tabs } = options;
    const context = {
      ...shared,
      closed: this.#closed.signal,
      channels: this.#channels,
      rooms: this.#rooms,
      tabs,
    };
    this.#own = {
      isShared: false,
      transport: (name, path) => {
        const own = new WebSocketTransport(shared, path);
        return tabs?.(context, "room", name, own) ?? own;
      },
      onOpen: () => {},
    };
    setContext(this, context);
    options.offline?.start(shared, this.#channels);
    Object.freeze(this);
  }

  /** The best of its connections; `disconnected` while there is none. */
  get state(): ConnectionState {
    return this.#channels.state;
  }

  /** Calls `fn` with each event of this type, until the function that it returns is called. */
  readonly on = <Type extends keyof ClientEvents>(
    type: Type,
    fn: (payload: ClientEvents[Type]) => void,
  ): Cancel => this.#channels.events.on(type, fn);

  /**
   * Opens a room on a socket of its own, with the next turn of the event loop, and holds it until `leave()` of the handle.
   * Each call gives a handle of its own; handles of one name share the room, and the options of the first one count.
   * After `close()` the handle is that of a room which was left. Throws `bad_request` if `name` is no name of a room.
   *
   * @example
   * const room = client.room("project_123", { history: 20 });
   * room.on("message", ({ data }) => console.log(data));
   * room.leave();
   */
  readonly room = (name: string, options: RoomOptions = {}): RoomHandle<Events> =>
    this.#rooms.hold(name, options, this.#own);

  /**
   * Looks at a room without opening it, as a component does while it renders. The handle shows the room for as long as
   * others hold it; `hold()` opens it. Throws `bad_request` if `name` is no name of a room.
   *
   * @example
   * const room = client.peek("project_123");
   * const release = room.hold(); // in an effect, and `release` at its end
   */
  readonly peek = (name: string, options: RoomOptions = {}): RoomHandle<Events> =>
    this.#rooms.peek(name, options, this.#own);

  /**
   * Sets the presence of this user in all rooms, also those opened later; what is left out stays. Resolves when the
   * server has it for all. Offline it resolves at once, and is sent with each connection. Rejects with the first refusal.
   */
  readonly setPresence = (presence: Presence): Promise<void> =>
    ignoreRejection(this.#rooms.setPresence(presence));

  /** Round trip in milliseconds, on any open connection. Rejects with `offline` if there is none. */
  readonly ping = (): Promise<number> => this.#channels.ping();

  /** Closes the sockets. Handles, listeners and outboxes stay, and `reconnect()` goes on where this left off. */
  readonly disconnect = (): void => this.#channels.disconnect();

  /**
   * Starts all connections over at once, in whatever state they are. `getToken` is asked again, as the app may have another
   * user by now: then rooms end with `user_changed`, or go on as that user (`onUserChange`). Where it fails, but for
   * `unauthorized`, the token stays that is in force.
   */
  readonly reconnect = (): void => {
    this.#tokens.doubt();
    this.#channels.reconnect();
  };

  /**
   * For good: every state is `disconnected` at once, what waits rejects with `closed`, and no timer is left. A page that
   * is left need not call it. If it does, the others see at once that the user left; one that the browser keeps for a way
   * back (`persisted`) needs its client again.
   *
   * @example
   * addEventListener("pagehide", ({ persisted }) => persisted || client.close());
   */
  readonly close = (): void => {
    if (this.#channels.isClosed) return;
    this.#channels.close(() => this.#rooms.close());
    this.#closed.abort(new RoomsError("closed", "The client was closed."));
    this.#tokens.close();
  };
}

/** A client whose events do not matter to what takes it. */
export interface AnyClient extends Omit<Client<EventMap>, "room" | "peek"> {}
