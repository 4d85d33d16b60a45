// A room on the socket of a session: to open its connection is a `join`, and a `left` ends it. Frames, heartbeat, batches
// and the token are those of the session's socket.

import {
  type Closing,
  COMMAND_TIMEOUT_MS,
  type Command,
  closeCode,
  ERRORS,
  type ErrorAnswer,
  isErrorCode,
  type JoinCommand,
  type JsonObject,
  type Left,
  type Ok,
} from "../../../src/protocol/index.ts";
import { offline, type RoomsError } from "../../util/errors.ts";
import type { Cancel, Clock } from "../../util/ports.ts";
import { knownFrame } from "../../util/wire.ts";
import type { Written } from "./commands.ts";
import { type ConnectionEnd, closingEnd, lost, timedOut, tokenEnd, tokenMissing } from "./connection-end.ts";
import type { Token } from "./token-answer.ts";
import type {
  ConnectionState,
  Link,
  LinkEvents,
  NoConnection,
  Transport,
  TransportContext,
} from "./transport.ts";
import { type SocketLink, WebSocketTransport } from "./websocket-transport.ts";

/** The channel of the session itself, which opens its socket. */
export interface SessionChannel {
  readonly live: boolean;
  readonly state: ConnectionState;
  /** While `disconnected`: why no other try would end differently. */
  readonly refusal: RoomsError | undefined;
  start(): void;
  /** Calls `fn` with every state, until cancelled. */
  watch(fn: () => void): Cancel;
}

/** The session, as one of its rooms sees it. */
export interface SessionPort {
  readonly channel: SessionChannel;
  readonly link: SocketLink | undefined;
  /** From now on the frames of that room, and the end of the socket, come to `room`. */
  add(room: SessionTransport): void;
  /** The answer comes to `link`. */
  join(command: JoinCommand, link: RoomLink): void;
  leave(room: SessionTransport): void;
}

export class SessionTransport implements Transport {
  readonly name: string;
  readonly #session: SessionPort;
  readonly #context: TransportContext;
  /** Used once the room takes no more sessions. */
  readonly #own: WebSocketTransport;
  #isOnOwn = false;
  /** Whether the server may count the session as joined. */
  #isIn = false;
  /** The server has ended the room for its token: the session gets a new one before the next `join`. */
  #needsToken = false;
  #link: RoomLink | undefined;

  constructor(session: SessionPort, context: TransportContext, name: string, path: string) {
    this.name = name;
    this.#session = session;
    this.#context = context;
    this.#own = new WebSocketTransport(context, path);
  }

  get canAskForNoTopics(): boolean {
    return !this.#isOnOwn;
  }

  ready(
    signal: AbortSignal,
    onState: (state: ConnectionState) => void,
  ): Promise<NoConnection | undefined> | undefined {
    const { channel } = this.#session;
    if (this.#isOnOwn || channel.live) return undefined;
    return new Promise((resolve) => {
      const end = (why?: NoConnection) => {
        cancel();
        signal.removeEventListener("abort", look);
        resolve(why);
      };
      const look = () => {
        const { live, state, refusal } = channel;
        if (signal.aborted || live) end();
        else if (state.status === "disconnected") end({ error: state.error, isFinal: refusal !== undefined });
        // While it still says `connected`, its socket was lost, and the next state comes in a moment.
        else if (state.status !== "connected") onState(state);
      };
      const cancel = channel.watch(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  open(events: LinkEvents): Link {
    if (this.#isOnOwn) return this.#own.open(events);
    const link = new RoomLink(this, this.#session, this.#context, events);
    this.#link = link;
    this.#session.add(this);
    if (this.#needsToken) {
      this.#context.tokens.get().then(
        (token) => {
          if (token === null && this.#own.needsToken) link.drop(tokenMissing());
          else this.#join(link, events, token);
        },
        (cause) => link.drop(tokenEnd(cause)),
      );
    } else this.#join(link, events, this.#session.link?.token ?? null);
    return link;
  }

  restart(when: "now" | "afterTurn"): void {
    this.#own.restart();
    if (when === "afterTurn") return;
    this.#isOnOwn = false;
    const { status } = this.#session.channel.state;
    if (status === "disconnected" || status === "reconnecting") this.#session.channel.start();
  }

  release(): void {
    if (this.#isIn) this.#session.leave(this);
    this.#isIn = false;
  }

  onFrame(value: JsonObject): RoomLink | undefined {
    const link = this.#link;
    if (link?.isJoined) link.onFrame(value);
    return link;
  }

  onLeft(left: Left): void {
    // It is older than a join that is not answered yet.
    if (this.#link !== undefined && !this.#link.isJoined) return;
    // A newer server may name a code that is not known here.
    const code = isErrorCode(left.code) ? left.code : "internal";
    this.onClosing({ ...left, code }, closeCode(code));
  }

  /** The server has ended the room, or not let it begin. */
  onClosing({ code, retryAfterMs, message }: Closing, number: number): void {
    this.#isIn = false;
    const link = this.#link;
    const end = closingEnd(
      {
        code,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(message !== undefined && { message }),
      },
      number,
    );
    if (code === "room_full") this.#isOnOwn = true;
    if (end.next === "renewToken" && link !== undefined) {
      this.#needsToken = true;
      this.#own.needsToken ||= link.token === null && end.retryAfterMs === 0;
      this.#context.tokens.refused(link.token, end.retryAfterMs);
    }
    link?.drop(code === "room_full" ? { ...end, next: "again" } : end);
  }

  onSessionEnd(): void {
    this.#isIn = false;
    this.#link?.drop({ ...lost(offline("The session was lost.")), next: "again" });
  }

  onOver(link: RoomLink): void {
    if (this.#link === link) this.#link = undefined;
  }

  #join(link: RoomLink, events: LinkEvents, token: Token): void {
    if (!link.isOpen) return;
    this.#needsToken = false;
    this.#isIn = true;
    const { since, history, topics, have, replaces } = events.request();
    const command: JoinCommand = {
      type: "join",
      id: this.#context.ports.newId(),
      room: this.name,
      ...(since !== undefined && { since }),
      ...(history !== undefined && { history }),
      ...(topics !== null && { topics }),
      ...(have !== undefined && { have }),
      ...(replaces !== undefined && { replaces }),
    };
    link.join(command, token);
  }
}

/** One `join`, until the room ends for it. */
export class RoomLink implements Link {
  readonly #transport: SessionTransport;
  readonly #session: SessionPort;
  readonly #events: LinkEvents;
  readonly #clock: Clock;
  #cancelDeadline: Cancel = () => {};
  #token: Token = null;
  #isOpen = true;
  #isJoined = false;

  constructor(
    transport: SessionTransport,
    session: SessionPort,
    { ports }: TransportContext,
    events: LinkEvents,
  ) {
    this.#transport = transport;
    this.#session = session;
    this.#events = events;
    this.#clock = ports.clock;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether what now comes for the room follows this `join`. */
  get isJoined(): boolean {
    return this.#isJoined;
  }

  /** That of the session when it joined. */
  get token(): Token {
    return this.#token;
  }

  join(command: JoinCommand, token: Token): void {
    this.#token = token;
    this.#session.join(command, this);
  }

  /** The `join` has its turn, for which it may wait long where many rooms are joined; or waits for another one. */
  onTurnToJoin(hasIt: boolean): void {
    this.#cancelDeadline();
    if (!hasIt) return;
    this.#cancelDeadline = this.#clock.after(COMMAND_TIMEOUT_MS, () =>
      this.drop(timedOut("The server did not greet in time.")),
    );
  }

  send(command: Command): Written {
    return !this.#isOpen || (this.#session.link?.send(command, this.#transport.name) ?? true);
  }

  drop(end: ConnectionEnd): void {
    if (!this.#isOpen) return;
    this.close();
    this.#events.onEnd(end);
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelDeadline();
    this.#transport.onOver(this);
  }

  onAnswer(answer: Ok | ErrorAnswer): void {
    // Otherwise another join is on its way.
    if (!this.#isOpen) return;
    this.#isJoined = answer.type === "ok";
    if (answer.type === "error") this.#transport.onClosing(answer, refusalNumber(answer));
  }

  onFrame(value: JsonObject): void {
    const frame = knownFrame(value, this.#events.frames);
    if (frame === undefined) return;
    if (frame.type === "connected") this.#cancelDeadline();
    this.#events.onFrame(frame);
  }

  onTurn(): void {
    if (this.#isOpen) this.#events.onTurn();
  }
}

/** A code that closes no socket is final as the answer to a `join`. */
const refusalNumber = ({ code }: ErrorAnswer): number =>
  closeCode("close" in ERRORS[code] ? code : "bad_request");
