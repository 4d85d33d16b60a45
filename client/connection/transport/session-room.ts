// A room on the session, to its connection a socket like any other: opening it is a `join`, `left` is its close, closing
// it is a `leave`.

import {
  type Closing,
  closeCode,
  closeReason,
  ERRORS,
  type ErrorCode,
  type JoinCommand,
  type LeaveCommand,
  PING_FRAME,
  PONG_FRAME,
  type Refusal,
} from "../../../src/protocol/index.ts";
import type { Cancel, Socket, SocketEvents } from "../../util/ports.ts";
import type { ConnectionState } from "../connection-state.ts";
import type { Ending } from "../ending.ts";
import type { ConnectionContext } from "../endpoint.ts";
import type { Route, RouteEnd } from "../route.ts";

/** The session, as one of its rooms sees it. */
export interface SessionLine {
  readonly isLive: boolean;
  readonly state: ConnectionState;
  /** While `disconnected`: whether another try would not change it. */
  readonly isRefused: boolean;
  /** Calls `fn` with every state, until cancelled. */
  watch(fn: () => void): Cancel;
  /** Starts over where it waits for its next try, or for none. */
  hurry(): void;
  /** The answer, and from then on the frames of that room, come to `room`. */
  join(room: SessionRoom, command: JoinCommand): void;
  leave(room: SessionRoom, command: LeaveCommand): void;
  /** At once, as the frames of a room stay in their order. */
  send(text: string): void;
}

/** One socket, as far as its connection can tell. */
interface Seat {
  readonly join: string;
  readonly events: SocketEvents;
  joined: boolean;
}

/** What a socket reports that ended without a close frame, and what it is closed with by whoever leaves. */
const LOST = 1006;
const LEFT = 1000;

export class SessionRoom implements Route {
  readonly name: string;
  /** For its connection. */
  readonly context: ConnectionContext;
  readonly #line: SessionLine;
  #seat: Seat | undefined;
  /** Whether the session may think that it is in. */
  #isIn = false;
  /** The room takes no more sessions. */
  #hasOwnSocket = false;

  constructor(line: SessionLine, context: ConnectionContext, name: string) {
    this.name = name;
    this.#line = line;
    const { ports, tokens } = context;
    this.context = {
      ...context,
      route: this,
      ports: {
        ...ports,
        dial: (url, protocols, events) =>
          this.#hasOwnSocket ? ports.dial(url, protocols, events) : this.#open(url, events),
      },
      tokens: {
        get: () => tokens.get(),
        refused: (token, retryAfterMs) => tokens.refused(token, retryAfterMs),
        forgive: () => tokens.forgive(),
        // The session sees to its token, which is that of its rooms.
        accepted: (token, lifeMs) => {
          if (this.#hasOwnSocket) tokens.accepted(token, lifeMs);
        },
        watch: (fn) => (this.#hasOwnSocket ? tokens.watch(fn) : () => {}),
      },
    };
  }

  get isOpen(): boolean {
    return this.#hasOwnSocket || this.#line.isLive;
  }

  restart(): void {
    this.#hasOwnSocket = false;
    this.#line.hurry();
  }

  opened(signal: AbortSignal, onState: (state: ConnectionState) => void): Promise<RouteEnd | undefined> {
    return new Promise((resolve) => {
      const end = (why?: RouteEnd) => {
        cancel();
        signal.removeEventListener("abort", abort);
        resolve(why);
      };
      const abort = () => end();
      const look = () => {
        const { isLive, state, isRefused } = this.#line;
        if (isLive) end();
        else if (state.status === "disconnected") end({ error: state.error, final: isRefused });
        // Else its socket is lost, and it will say in a moment what becomes of that.
        else if (state.status !== "connected") onState(state);
      };
      const cancel = this.#line.watch(look);
      signal.addEventListener("abort", abort);
      look();
    });
  }

  excuses({ next, error }: Ending): boolean {
    if (this.#hasOwnSocket || next === "stop") return false;
    if (error.code !== "room_full") return !this.#line.isLive;
    this.#hasOwnSocket = true;
    return true;
  }

  leave(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#line.leave(this, { type: "leave", id: this.context.ports.newId(), room: this.name });
  }

  onText(text: string): void {
    if (this.#seat?.joined) this.#seat.events.onText(text);
  }

  onJoinAnswer(id: string, refusal: Refusal | undefined): void {
    const seat = this.#seat;
    // Another join is on its way.
    if (seat?.join !== id) return;
    if (refusal === undefined) {
      seat.joined = true;
      return;
    }
    this.#isIn = false;
    this.#end(seat, refusalCloseCode(refusal.code), closeReason(refusal));
  }

  onLeft(closing: Closing): void {
    const seat = this.#seat;
    // It is older than the join that is not answered yet.
    if (seat !== undefined && !seat.joined) return;
    this.#isIn = false;
    if (seat !== undefined) this.#end(seat, closeCode(closing.code), closeReason(closing));
  }

  onSessionEnd(): void {
    this.#isIn = false;
    if (this.#seat !== undefined) this.#end(this.#seat, LOST, "");
  }

  #open(url: string, events: SocketEvents): Socket {
    const seat: Seat = { join: this.context.ports.newId(), events, joined: false };
    this.#seat = seat;
    if (this.#line.isLive) {
      this.#isIn = true;
      this.#line.join(this, joinCommand(seat.join, this.name, new URL(url).searchParams));
    } else queueMicrotask(() => this.#end(seat, LOST, ""));
    const room = `{"room":${JSON.stringify(this.name)},`;
    return {
      overheadBytes: room.length - 1,
      send: (text) => {
        if (this.#seat !== seat) return;
        // The line is the session's, which looks after it.
        if (text === PING_FRAME) queueMicrotask(() => this.#pong(seat));
        else if (seat.joined) this.#line.send(room + text.slice(1));
      },
      close: (code) => {
        if (this.#seat !== seat) return;
        this.#seat = undefined;
        if (code === LEFT) this.leave();
      },
    };
  }

  #pong(seat: Seat): void {
    if (this.#seat === seat) seat.events.onText(PONG_FRAME);
  }

  #end(seat: Seat, code: number, reason: string): void {
    if (this.#seat !== seat) return;
    this.#seat = undefined;
    seat.events.onClose(code, reason);
  }
}

function joinCommand(id: string, room: string, query: URLSearchParams): JoinCommand {
  const names = ["since", "history", "topics", "replaces"];
  const [since, history, topics, replaces] = names.map((name) => query.get(name));
  return {
    type: "join",
    id,
    room,
    ...(since && { since }),
    ...(history && { history: Number(history) }),
    ...(topics && { topics: topics.split(",") }),
    ...(replaces && { replaces }),
  };
}

/** As an answer a code that closes nothing is final, so it is here. */
const refusalCloseCode = (code: ErrorCode): number =>
  closeCode("close" in ERRORS[code] ? code : "bad_request");
