import { type Answer, type JoinCommand, type JsonObject, LEFT, OK } from "../../../src/protocol/index.ts";
import { type Connected, knownFrame } from "../../util/wire.ts";
import { JoinQueue } from "./join-queue.ts";
import {
  type RoomLink,
  type SessionChannel,
  type SessionPort,
  SessionTransport,
} from "./session-transport.ts";
import type { Transport, TransportContext } from "./transport.ts";
import type { SocketLink, SocketRooms, WebSocketTransport } from "./websocket-transport.ts";

/** What the session hears of its rooms itself. */
const FRAMES = { ok: OK, left: LEFT };

/**
 * A join that the rate allows so soon waits in line: other devices join their rooms too. After a longer wait, as for the
 * budget of a day, the room says that it waits.
 */
const IN_LINE_MS = 1_000;

/** The rooms on the socket of one session: gives each its frames, and joins for them at the pace that is allowed. */
export class SharedRooms implements SocketRooms, SessionPort {
  readonly channel: SessionChannel;
  readonly #context: TransportContext;
  readonly #socket: WebSocketTransport;
  readonly #queue: JoinQueue;
  /** Those that have joined, or are about to, on the present socket. */
  readonly #rooms = new Map<string, SessionTransport>();
  readonly #joins = new Map<string, { readonly command: JoinCommand; readonly link: RoomLink }>();
  readonly #touched = new Set<RoomLink>();

  constructor(context: TransportContext, socket: WebSocketTransport, channel: SessionChannel) {
    this.#context = context;
    this.#socket = socket;
    this.channel = channel;
    this.#queue = new JoinQueue(context.ports);
    socket.rooms = this;
    // The inbox may have opened the socket before the first room.
    this.#queue.setLimits(socket.link?.limits ?? {});
  }

  get link(): SocketLink | undefined {
    return this.#socket.link;
  }

  /** For the channel of a room; `path` is that of the socket which it gets once the room takes no more sessions. */
  transport(name: string, path: string): Transport {
    return new SessionTransport(this, this.#context, name, path);
  }

  add(room: SessionTransport): void {
    this.#rooms.set(room.name, room);
  }

  join(command: JoinCommand, link: RoomLink): void {
    this.#queue.add(command.room, () => this.#send(command, link));
  }

  leave(room: SessionTransport): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    this.#queue.remove(room.name);
    this.link?.send({ type: "leave", id: this.#context.ports.newId(), room: room.name });
  }

  take(name: string | undefined, value: JsonObject): boolean {
    const frame = knownFrame(value, FRAMES);
    if ((frame?.type === "ok" || frame?.type === "error") && this.#onJoinAnswer(frame)) return true;
    // What was said to a room that had ended: its `left` has come already.
    if (name === undefined) return frame?.type === "error" && frame.path?.[0] === "room";
    const room = this.#rooms.get(name);
    if (frame?.type === "left") room?.onLeft(frame);
    else {
      const link = room?.onFrame(value);
      if (link !== undefined) this.#touched.add(link);
    }
    return true;
  }

  onGreeted({ limits }: Connected): void {
    this.#queue.setLimits(limits);
  }

  onTurn(): void {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const link of touched) link.onTurn();
  }

  onEnd(): void {
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    this.#joins.clear();
    this.#touched.clear();
    this.#queue.clear();
    for (const room of rooms) room.onSessionEnd();
  }

  #send(command: JoinCommand, link: RoomLink): void {
    this.#joins.set(command.id, { command, link });
    link.onTurnToJoin(true);
    this.link?.send(command);
  }

  #onJoinAnswer(answer: Exclude<Answer, { readonly type: "pong" }>): boolean {
    const join = this.#joins.get(answer.id ?? "");
    if (join === undefined) return false;
    const { command, link } = join;
    this.#joins.delete(command.id);
    const isEarly = answer.type === "error" && answer.code === "rate_limited";
    const waitMs = isEarly ? (answer.retryAfterMs ?? IN_LINE_MS) : undefined;
    this.#queue.answered(command.room, waitMs);
    if (waitMs !== undefined && waitMs <= IN_LINE_MS && link.isOpen) {
      link.onTurnToJoin(false);
      this.#queue.add(command.room, () => this.#send(command, link), true);
    } else link.onAnswer(answer);
    return true;
  }
}
