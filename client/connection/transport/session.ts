// The session connection with the rooms on it. What it says of rooms is taken out below its link, which knows of none.

import type { JoinCommand, LeaveCommand } from "../../../src/protocol/index.ts";
import type { Cancel, Socket, SocketEvents } from "../../util/ports.ts";
import { Connection } from "../connection.ts";
import type { ConnectionState } from "../connection-state.ts";
import type { ConnectionContext, Endpoint } from "../endpoint.ts";
import { JoinQueue } from "./join-queue.ts";
import { type SessionPart, sessionParts } from "./session-parts.ts";
import { type SessionLine, SessionRoom } from "./session-room.ts";

export class Session implements SessionLine {
  readonly #context: ConnectionContext;
  readonly #watchers = new Set<{ readonly fn: () => void }>();
  /** Those that have joined, or are about to, on the socket that there is. */
  readonly #rooms = new Map<string, SessionRoom>();
  readonly #joins = new Map<string, SessionRoom>();
  readonly #queue: JoinQueue;
  #socket: Socket | undefined;
  #connection: Connection | undefined;

  constructor(context: ConnectionContext) {
    this.#context = context;
    // Through the link: after an `auth` that is on its way, and all in one frame.
    this.#queue = new JoinQueue(context.ports.clock, (command) => this.#connection?.send(command));
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get isLive(): boolean {
    return this.#connection?.live ?? false;
  }

  get state(): ConnectionState {
    return this.#connection?.state ?? { status: "disconnected" };
  }

  get isRefused(): boolean {
    return this.#connection?.refusal !== undefined;
  }

  /** Makes the connection that the rooms are on, of whoever is at its end. */
  connect(endpoint: Endpoint): Connection {
    const { ports } = this.#context;
    const dial = (url: string, protocols: string[], events: SocketEvents) =>
      this.#dial(url, protocols, events);
    const onState = (state: ConnectionState) => {
      endpoint.onState(state);
      for (const watcher of [...this.#watchers]) {
        // Whoever was told before may have cancelled it.
        if (this.#watchers.has(watcher)) watcher.fn();
      }
    };
    const onConnected: Endpoint["onConnected"] = (frame, start) => {
      this.#queue.setPace(frame.limits);
      endpoint.onConnected(frame, start);
    };
    this.#connection = new Connection(
      { ...this.#context, ports: { ...ports, dial } },
      { ...endpoint, onState, onConnected },
    );
    return this.#connection;
  }

  room(name: string): SessionRoom {
    return new SessionRoom(this, this.#context, name);
  }

  watch(fn: () => void): Cancel {
    const watcher = { fn };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  hurry(): void {
    const { status } = this.state;
    if (status === "disconnected" || status === "reconnecting") this.#connection?.start();
  }

  join(room: SessionRoom, command: JoinCommand): void {
    this.#rooms.set(room.name, room);
    this.#joins.set(command.id, room);
    this.#queue.add(command);
  }

  leave(room: SessionRoom, command: LeaveCommand): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    this.#queue.remove(room.name);
    this.#connection?.send(command);
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  #dial(url: string, protocols: string[], events: SocketEvents): Socket {
    const socket = this.#context.ports.dial(url, protocols, {
      onOpen: () => events.onOpen(),
      onText: (text) => {
        if (this.#socket === socket) this.#onText(text, events);
        else events.onText(text);
      },
      onClose: (code, reason) => {
        events.onClose(code, reason);
        this.#ended(socket);
      },
    });
    this.#socket = socket;
    return {
      send: (text) => socket.send(text),
      close: (code) => {
        socket.close(code);
        this.#ended(socket);
      },
    };
  }

  #onText(text: string, events: SocketEvents): void {
    // Most of what a session hears of itself need not be read twice.
    if (this.#joins.size === 0 && !text.includes('"room"')) events.onText(text);
    else {
      for (const part of sessionParts(text, (id) => this.#joins.has(id))) this.#onPart(part, events);
    }
  }

  #onPart(part: SessionPart, events: SocketEvents): void {
    switch (part.kind) {
      case "own":
        events.onText(part.text);
        return;
      case "room":
        this.#rooms.get(part.room)?.onText(part.text);
        return;
      case "left":
        this.#rooms.get(part.room)?.onLeft(part.closing);
        return;
      case "joined": {
        const room = this.#joins.get(part.id);
        this.#joins.delete(part.id);
        if (part.refusal?.code === "rate_limited") this.#queue.emptied();
        room?.onJoinAnswer(part.id, part.refusal);
      }
    }
  }

  #ended(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    this.#joins.clear();
    this.#queue.clear();
    for (const room of rooms) room.onSessionEnd();
  }
}
