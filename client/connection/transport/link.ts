// One socket from its dial to its end: frames in, commands out, heartbeat. Once it ended, late events of the socket
// are ignored: browsers may keep one in CLOSING for a minute.

import {
  COMMAND_TIMEOUT_MS,
  type Command,
  type Limits,
  MAX_FRAME_BYTES,
  PING_FRAME,
} from "../../../src/protocol/index.ts";
import { RoomsError } from "../../util/errors.ts";
import type { Cancel, Ports, Socket } from "../../util/ports.ts";
import { type IncomingFrame, parseFrames } from "../../wire/parse-frame.ts";
import { closeEnding, type Ending, lost } from "../ending.ts";
import { CommandWriter } from "./command-writer.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type OnAnswer, PendingAnswers } from "./pending-answers.ts";

export interface LinkEvents {
  /** In the order of the wire; answers that somebody waits for are left out. */
  onFrame(frame: IncomingFrame): void;
  /** After everything in one text. */
  onTurn(): void;
  /** Once, and not after `close`. */
  onEnd(ending: Ending): void;
}

export interface LinkTarget {
  readonly url: string;
  readonly protocols: string[];
  readonly batchMs: number;
}

/** A code of our own: to the server anything but 1000 is a lost connection, whose member stays for a moment. */
const DROPPED = 4000;
const LEFT = 1000;
/**
 * Where very many come back at once, a room makes some wait for their first frames. While pongs come the room is there,
 * and to dial anew would mean the end of the line: so this long is waited for `connected`.
 */
const GREETING_MS = 120_000;
/** Meanwhile the heartbeat goes on, as its rhythm is not known yet; a socket without a pong for 30 s is dead. */
const EARLY_PING_MS = 10_000;

export class Link {
  readonly #events: LinkEvents;
  readonly #answers: PendingAnswers;
  readonly #writer: CommandWriter;
  readonly #heartbeat: Heartbeat;
  #cancelDeadline: Cancel;
  readonly #onWake: Ports["onWake"];
  #cancelWake: Cancel = () => {};
  #isGreeted = false;
  /** `undefined` once it ended. */
  #socket: Socket | undefined;

  constructor(ports: Ports, { url, protocols, batchMs }: LinkTarget, events: LinkEvents) {
    this.#events = events;
    this.#onWake = ports.onWake;
    this.#socket = ports.dial(url, protocols, {
      // The server takes a socket for one that keeps up its heartbeat with the first one. Also, the runtime ends the TCP
      // connection of a client at its close only where that has sent something.
      onOpen: () => this.#opened(ports.clock),
      onText: (text) => this.#onText(text),
      onClose: (code, reason) => this.#end(closeEnding(code, reason)),
    });
    const timeOut = (what: string) => () => this.#timeOut(what);
    this.#answers = new PendingAnswers(ports.clock, timeOut("A command was not answered in time."));
    const frameBytes = MAX_FRAME_BYTES - (this.#socket.overheadBytes ?? 0);
    this.#writer = new CommandWriter(ports.clock, batchMs, (frame) => this.#socket?.send(frame), frameBytes);
    this.#heartbeat = new Heartbeat(
      ports.clock,
      () => this.#socket?.send(PING_FRAME),
      timeOut("No pong came in time."),
    );
    this.#cancelDeadline = ports.clock.after(
      COMMAND_TIMEOUT_MS,
      timeOut("The server did not greet in time."),
    );
  }

  #opened(clock: Ports["clock"]): void {
    if (this.#socket === undefined) return;
    this.#socket.send(PING_FRAME);
    if (this.#isGreeted) return;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(GREETING_MS, () => this.#timeOut("The server did not greet in time."));
    this.#heartbeat.start(EARLY_PING_MS, COMMAND_TIMEOUT_MS - EARLY_PING_MS);
  }

  #timeOut(what: string): void {
    this.drop(lost(new RoomsError("timeout", what)));
  }

  get open(): boolean {
    return this.#socket !== undefined;
  }

  /** To be called on `connected`. */
  greeted({ pingMs, pongMs }: Limits): void {
    this.#isGreeted = true;
    this.#cancelDeadline();
    this.#heartbeat.start(pingMs, pongMs);
    this.#cancelWake = this.#onWake(() => this.#heartbeat.beatNow());
  }

  /** For commands that are not answered. */
  send(command: Command): void {
    if (this.#socket !== undefined && !this.#writer.write(command)) this.#events.onFrame(tooLarge());
  }

  request(command: Command & { readonly id: string }, onAnswer: OnAnswer): void {
    if (this.#socket === undefined) {
      onAnswer(undefined);
      return;
    }
    if (!this.#writer.write(command)) {
      onAnswer(tooLarge());
      return;
    }
    this.#answers.expect(command.id, onAnswer);
  }

  /** Gives the socket up as lost. */
  drop(ending: Ending): void {
    const socket = this.#socket;
    this.#end(ending);
    socket?.close(DROPPED);
  }

  /** Ends it on purpose, after what was gathered went out; `onEnd` stays silent. */
  close(why: "leaving" | "startingOver"): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#writer.flush();
    this.#stop();
    socket.close(why === "leaving" ? LEFT : DROPPED);
  }

  #onText(text: string): void {
    for (const frame of parseFrames(text)) {
      // A listener, or the frame before this one, may have ended it.
      if (this.#socket === undefined) return;
      this.#onFrame(frame);
    }
    if (this.#socket !== undefined) this.#events.onTurn();
  }

  #onFrame(frame: IncomingFrame): void {
    const isAnswer = frame.type === "ok" || frame.type === "error" || frame.type === "pong";
    if (isAnswer && this.#answers.settle(frame)) return;
    if (frame.type === "pong") this.#heartbeat.onPong();
    else this.#events.onFrame(frame);
  }

  #end(ending: Ending): void {
    if (this.#socket === undefined) return;
    this.#stop();
    this.#events.onEnd(ending);
  }

  #stop(): void {
    this.#socket = undefined;
    this.#cancelDeadline();
    this.#cancelWake();
    this.#heartbeat.stop();
    this.#writer.discard();
    this.#answers.lose();
  }
}

const tooLarge = () =>
  ({ type: "error", code: "too_large", message: "The command is larger than a frame may be." }) as const;
