// A session socket with rooms on it. A test plays each room on a socket of its own, as it would without a session: what
// it delivers gets its `room`, its end is sent as `left` or as the answer to the `join`, and a lost one ends the whole
// session. What a session itself receives is delivered on `sessions.last`.

import type { SocketEvents } from "../../../../client/util/ports.ts";
import { closeCode, ERRORS, isErrorCode, parseCloseReason } from "../../../../src/protocol/index.ts";
import { type FakeSocket, FakeSockets, type Frame } from "./fake-sockets.ts";
import { caughtUp, EXPIRES_AT, sessionConnected } from "./frames.ts";

interface Seat {
  readonly session: FakeSocket;
  readonly join: Frame;
  readonly socket: FakeSocket;
  answered: boolean;
}

export class FakeSession {
  readonly sessions = new FakeSockets();
  /** One for each `join`, and those of rooms that are not on the session. */
  readonly rooms = new FakeSockets();
  /** The frames that greet a session, and whether they are sent automatically. */
  greeting: Frame = {};
  greets = true;
  renews = true;
  /** Called for each room whose session was lost. */
  onLost: (room: FakeSocket) => void = () => {};
  readonly #seats = new Map<unknown, Seat>();

  readonly dial = (url: string, protocols: string[], events: SocketEvents): FakeSocket => {
    if (new URL(url).pathname !== "/v1/connect") return this.rooms.dial(url, protocols, events);
    const socket = this.sessions.dial(url, protocols, {
      onOpen: events.onOpen,
      onText: events.onText,
      onClose: (code, reason) => {
        for (const lost of this.#forget(socket)) this.onLost(lost);
        events.onClose(code, reason);
      },
    });
    socket.onCommand = (command) => this.#onCommand(socket, command);
    socket.onClosed = (code) => {
      for (const seat of this.#seats.values()) if (seat.session === socket) seat.socket.close(code);
      this.#forget(socket);
    };
    if (this.greets) queueMicrotask(() => this.greet());
    return socket;
  };

  /** The latest one. */
  greet(): void {
    this.sessions.last.deliver(sessionConnected(this.greeting), caughtUp(0));
  }

  #onCommand(session: FakeSocket, command: Frame): void {
    const { type, room, id, ...rest } = command;
    const seat = this.#seats.get(room);
    if (type === "auth") {
      session.protocols = [...session.protocols.slice(0, -1), `token.${String(rest.token)}`];
      if (this.renews) session.deliver({ type: "ok", id, expiresAt: EXPIRES_AT });
    } else if (type === "join") {
      seat?.socket.close(4_000);
      this.#sit(session, command);
    } else if (type === "leave") {
      this.#seats.delete(room);
      session.deliver({ type: "ok", id });
      seat?.socket.close(1_000);
    } else seat?.socket.send(JSON.stringify({ type, ...(id !== undefined && { id }), ...rest }));
  }

  #sit(session: FakeSocket, join: Frame): void {
    const { room, since, history, topics, have, replaces } = join;
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ since, history, topics, have, replaces })) {
      if (value !== undefined) query.set(name, String(value));
    }
    const url = new URL(`wss://rooms.example.com/v1/rooms/${String(room)}/connect`);
    url.search = query.toString();
    const isCurrent = () => this.#seats.get(room) === seat;
    const socket = this.rooms.dial(url.href, [...session.protocols], {
      onOpen: () => {},
      onText: (text) => {
        // Frames from before a join come before its answer, if at all.
        if (!isCurrent() && this.#seats.get(room)?.answered !== false) return;
        if (isCurrent() && !seat.answered) session.deliver({ type: "ok", id: join.id, room });
        seat.answered = true;
        session.deliverText(`{"room":${JSON.stringify(room)},${text.slice(1)}`);
      },
      onClose: (code, reason) => {
        const closing = parseCloseReason(reason) ?? closingOf(code);
        if (closing === undefined) session.end(code, reason);
        else if (isCurrent()) {
          this.#seats.delete(room);
          if (seat.answered) session.deliver({ type: "left", room, ...closing });
          else session.deliver({ type: "error", id: join.id, message: closing.code, ...closing });
        } else if (this.#seats.get(room)?.answered === false)
          session.deliver({ type: "left", room, ...closing });
      },
    });
    const seat: Seat = { session, join, socket, answered: false };
    this.#seats.set(room, seat);
  }

  #forget(session: FakeSocket): FakeSocket[] {
    const seats = [...this.#seats].filter(([, seat]) => seat.session === session);
    for (const [room] of seats) this.#seats.delete(room);
    return seats.map(([, { socket }]) => socket);
  }
}

const closingOf = (code: number) => {
  const known = Object.keys(ERRORS)
    .filter(isErrorCode)
    // A session whose room is full dials a socket for it by itself.
    .find((name) => closeCode(name) === code && name !== "room_full");
  return known === undefined ? undefined : { code: known };
};
