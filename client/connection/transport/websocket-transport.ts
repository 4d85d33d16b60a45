// One WebSocket at a time: token, address, frames, heartbeat, and a new token before the old one ends. Once a socket
// ended, its late events are ignored: browsers may keep one in CLOSING for a minute.

import {
  AUTH_RESULT,
  COMMAND_TIMEOUT_MS,
  type Command,
  type JsonObject,
  type Limits,
  PING_FRAME,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "../../../src/protocol/index.ts";
import { offline, RoomsError, refusalError } from "../../util/errors.ts";
import type { Cancel, Socket } from "../../util/ports.ts";
import { query } from "../../util/url.ts";
import { type Connected, fits, type IncomingFrame, knownFrame, valuesIn } from "../../util/wire.ts";
import { CommandWriter, PendingAnswers, type Written } from "./commands.ts";
import { type ConnectionEnd, closeEnd, lost, timedOut, tokenEnd, tokenMissing } from "./connection-end.ts";
import { SUSPICIOUS } from "./fallback.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type Token, textOf } from "./token-answer.ts";
import type { Link, LinkEvents, Transport, TransportContext } from "./transport.ts";

/** A code of our own: to the server anything but 1000 is a lost connection, whose member stays for a moment. */
const DROPPED = 4000;
const LEFT = 1000;
/** What a socket reports that ended without a close frame, or never opened. */
const VANISHED = 1006;
/**
 * After a crowd came back at once, a room makes some wait for their first frames. While pongs come the room is alive, and
 * a new socket would wait at the end of the queue: so this long is waited for `connected`.
 */
const GREETING_MS = 120_000;
/** Where the server does not say when to send the next token. */
const AUTH_AGAIN_MS = 5_000;
/** The rhythm of the heartbeat until the server has said its own; a socket without a pong for 30 s is dead. */
const EARLY_PING_MS = 10_000;
/**
 * A WebSocket of which nothing is heard for so long, not even that it is open, or the pong of its first ping, may be one
 * that something on the way swallows. By chance a little longer, so that the clients of a slow server do not all look in one moment.
 */
const MUTE_MS = 7_000;
const MUTE_JITTER_MS = 2_000;

/** The rooms on the socket of a session. */
export interface SocketRooms {
  /** Takes a frame for the room of this name. Returns false if it is for the session itself. */
  take(room: string | undefined, value: JsonObject): boolean;
  onGreeted(frame: Connected): void;
  onTurn(): void;
  onEnd(): void;
}

export class WebSocketTransport implements Transport {
  readonly canAskForNoTopics = false;
  /** Set once rooms are on this socket. */
  rooms: SocketRooms | undefined;
  /** The server refused a connection without a token on this path; another path may need none. */
  needsToken = false;
  /** Sockets in a row of which nothing was heard; one that stayed silent counts as several. */
  unheard = 0;
  readonly #context: TransportContext;
  readonly #path: string;
  #link: SocketLink | undefined;

  constructor(context: TransportContext, path: string) {
    this.#context = context;
    this.#path = path;
  }

  /** The latest one. */
  get link(): SocketLink | undefined {
    return this.#link;
  }

  ready(): undefined {}

  open(events: LinkEvents): Link {
    this.#link = new SocketLink(this.#context, this.#path, events, this);
    return this.#link;
  }

  restart(): void {
    this.needsToken = false;
  }

  release(): void {}
}

export class SocketLink implements Link {
  readonly #context: TransportContext;
  readonly #events: LinkEvents;
  readonly #transport: WebSocketTransport;
  /** Of `auth`, the only command of its own. */
  readonly #answers: PendingAnswers;
  readonly #writer: CommandWriter;
  readonly #heartbeat: Heartbeat;
  #socket: Socket | undefined;
  #isOver = false;
  /** In force on this socket. */
  #token: Token = null;
  #isGreeted = false;
  #isHeard = false;
  #limits: Partial<Limits> | undefined;
  readonly #cancels: Cancel[];
  #cancelDeadline: Cancel = () => {};

  constructor(context: TransportContext, path: string, events: LinkEvents, transport: WebSocketTransport) {
    const { clock } = context.ports;
    const timeOut = (what: string) => () => this.drop(timedOut(what));
    this.#context = context;
    this.#events = events;
    this.#transport = transport;
    this.#answers = new PendingAnswers(clock, timeOut("A command was not answered in time."));
    this.#writer = new CommandWriter(clock, context.batchMs, (frame) => this.#socket?.send(frame));
    this.#heartbeat = new Heartbeat(
      clock,
      () => this.#socket?.send(PING_FRAME),
      timeOut("No pong came in time."),
    );
    this.#cancels = [
      context.ports.onWake((_, agoMs) => this.#heartbeat.probe(agoMs)),
      context.ports.onSuspend((why) => {
        // A page that stands still may never go on.
        this.#writer.flush();
        this.drop(lost(offline(why)));
      }),
    ];
    void this.#dial(path);
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  get token(): Token {
    return this.#token;
  }

  /** `undefined` until `connected`. */
  get limits(): Partial<Limits> | undefined {
    return this.#limits;
  }

  /** Batches of messages, which only a room has, come in envelopes, and bytes with them: React Native may not read them. */
  get #batch() {
    return "TextDecoder" in globalThis && "message" in this.#events.frames ? "envelopes" : null;
  }

  send(command: Command, room?: string): Written {
    return this.#isOver || this.#writer.write(command, room);
  }

  drop(end: ConnectionEnd): void {
    this.#leave(end, DROPPED);
  }

  #leave(end: ConnectionEnd, code = LEFT): void {
    const socket = this.#socket;
    this.#end(end);
    socket?.close(code);
  }

  close(why: "leaving" | "startingOver"): void {
    if (this.#isOver) return;
    this.#writer.flush();
    const socket = this.#socket;
    this.#stop();
    socket?.close(why === "leaving" ? LEFT : DROPPED);
    this.#transport.rooms?.onEnd();
  }

  async #dial(path: string): Promise<void> {
    const { tokens, ports, base } = this.#context;
    let dial = ports.dial;
    try {
      this.#token = await tokens.get();
      const way = this.#context.dial(this.#transport.unheard);
      dial = way instanceof Promise ? await way : way;
    } catch (cause) {
      this.#end(tokenEnd(cause));
      return;
    }
    if (this.#isOver) return;
    const token = this.#token;
    if (token === null && this.#transport.needsToken) {
      this.#end(tokenMissing());
      return;
    }
    const protocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token];
    try {
      this.#socket = dial(base + path + query({ ...this.#events.request(), batch: this.#batch }), protocols, {
        onOpen: () => this.#onOpen(),
        onText: (text) => this.#onText(text),
        onClose: (code, reason) => this.#onClose(code, reason),
      });
    } catch (cause) {
      // Of what is missing the runtime knows the name: `WebSocket is not defined`.
      const error = new RoomsError("bad_request", `No socket can be made: ${textOf(cause)}`, { cause });
      this.#end({ next: "stop", error, retryAfterMs: 0 });
      return;
    }
    this.#awaitGreeting(COMMAND_TIMEOUT_MS);
    const { clock, random } = ports;
    const muteMs = MUTE_MS + random() * MUTE_JITTER_MS;
    if (dial === ports.dial) this.#cancels.push(clock.after(muteMs, () => void this.#doubt()));
  }

  /**
   * The first heartbeat goes out at once: from then on the server takes the socket for one that keeps up its heartbeat.
   * Also, the runtime ends the TCP connection of a client at its close only if that has sent something.
   */
  #onOpen(): void {
    if (this.#isOver) return;
    this.#heartbeat.ping();
    if (this.#isGreeted) return;
    this.#awaitGreeting(GREETING_MS);
    this.#heartbeat.start(EARLY_PING_MS, COMMAND_TIMEOUT_MS - EARLY_PING_MS);
  }

  async #doubt(): Promise<void> {
    if (!this.#isHeard && (await this.#context.isSwallowed()) && !this.#isHeard)
      this.drop({ ...timedOut("No WebSocket gets through."), next: "again" });
  }

  #awaitGreeting(withinMs: number): void {
    this.#cancelDeadline();
    this.#cancelDeadline = this.#context.ports.clock.after(withinMs, () =>
      this.drop(timedOut("The server did not greet in time.")),
    );
  }

  #onText(text: string): void {
    let isForRooms = true;
    this.#hear();
    for (const { room, value } of valuesIn(text)) {
      // A listener, or the frame before this one, may have ended it.
      if (this.#isOver) return;
      if (this.#transport.rooms?.take(room, value)) continue;
      isForRooms = false;
      const frame = knownFrame(value, this.#events.frames);
      if (frame !== undefined) this.#onFrame(frame);
    }
    if (this.#isOver) return;
    if (!isForRooms) this.#events.onTurn();
    this.#transport.rooms?.onTurn();
  }

  #onFrame(frame: IncomingFrame): void {
    if (frame.type === "connected" && !this.#isGreeted) this.#onGreeted(frame);
    // It may have been that of another user.
    if (this.#isOver) return;
    if (frame.type === "pong" && frame.id === undefined) this.#heartbeat.onPong();
    else if ((frame.type !== "ok" && frame.type !== "error") || !this.#answers.settle(frame))
      this.#events.onFrame(frame);
  }

  #onGreeted(frame: Connected): void {
    const { tokens, serverTime, users } = this.#context;
    const { limits, expiresAt, at, user } = frame;
    const changed = users.admit(user?.id ?? null);
    if (changed !== undefined) {
      // The former user may be back when the app connects again. After a start over the token is that of the user.
      if (!this.#isOver) tokens.refused(this.#token, 0);
      this.#leave({ next: "stop", error: changed, retryAfterMs: 0 });
      return;
    }
    this.#isGreeted = true;
    serverTime.learn(at);
    this.#limits = limits;
    this.#cancelDeadline();
    this.#heartbeat.start(limits.pingMs, limits.pongMs);
    if (expiresAt !== null) tokens.accepted(this.#token, expiresAt - at);
    this.#cancels.push(tokens.watch((token) => this.#renew(token)));
    this.#transport.rooms?.onGreeted(frame);
  }

  #renew(token: string): void {
    const { ports, tokens, serverTime } = this.#context;
    const command = { type: "auth", id: ports.newId(), token } as const;
    if (!this.send(command)) return;
    this.#events.onSent(command);
    this.#answers.expect(command.id, (answer) => {
      if (answer?.type === "ok" && fits(AUTH_RESULT, answer)) {
        this.#token = token;
        tokens.accepted(token, answer.expiresAt - serverTime.now());
        if (answer.permission !== undefined) this.#events.onPermission(answer.permission);
      } else if (answer?.type === "error") {
        // The old token stays in force until the server closes the socket. Until then the next one is tried.
        const { code, message, retryAfterMs = 0 } = answer;
        this.#context.log("warn", `the new token was not taken: ${message} (${code})`);
        // It is the token of another user, who is greeted by a connection of their own.
        if (code === "forbidden") this.#leave({ ...lost(refusalError(answer)), next: "again" });
        else tokens.refused(token, retryAfterMs || AUTH_AGAIN_MS);
      }
    });
  }

  #hear(): void {
    this.#isHeard = true;
    this.#transport.unheard = 0;
  }

  #onClose(code: number, reason: string): void {
    if (code !== VANISHED) this.#hear();
    const end = closeEnd(code, reason);
    const token = !this.#isGreeted && code === VANISHED ? this.#token : null;
    this.#end(token === null ? end : { ...end, unheardTokenLength: token.length });
  }

  #end(end: ConnectionEnd): void {
    if (this.#isOver) return;
    const { code } = end.error;
    const isMute = !this.#isHeard && this.#socket !== undefined;
    if (isMute && code === "offline") this.#transport.unheard += 1;
    else if (isMute && code === "timeout") this.#transport.unheard += SUSPICIOUS;
    this.#stop();
    if (end.next === "renewToken") {
      this.#context.tokens.refused(this.#token, end.retryAfterMs);
      this.#transport.needsToken ||= this.#token === null && end.retryAfterMs === 0;
    }
    this.#events.onEnd(end);
    this.#transport.rooms?.onEnd();
  }

  #stop(): void {
    this.#isOver = true;
    this.#socket = undefined;
    this.#cancelDeadline();
    for (const cancel of this.#cancels) cancel();
    this.#heartbeat.stop();
    this.#writer.discard();
    this.#answers.lose();
  }
}
