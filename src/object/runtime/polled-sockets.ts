// The connections of an object whose clients poll, joined to the runtime: each call is a hibernatable socket, so the
// object sleeps while it waits.

import type { User } from "../../protocol/index.ts";
import { PollPace } from "../poll-pace.ts";
import {
  POLL_OVER,
  type PolledCommands,
  PolledSocket,
  type PollPort,
  type PollStanding,
  type PollUpgrade,
} from "../polled-socket.ts";
import type { SocketPort } from "../socket-port.ts";

interface Owner {
  readonly user: User | null;
}

/** A call that waits: the client's end of its socket, which the Worker holds. */
export interface HeldCall {
  readonly client: WebSocket;
  /** It is not answered before this, in milliseconds, unless its connection ends. */
  readonly restMs: number;
}

interface Polled<Connection> {
  readonly socket: PolledSocket;
  readonly connection: Connection;
  /** When its last call might be answered, in milliseconds. */
  answerAt: number;
}

/** What the owner of the connections does about their ends. */
export interface PolledOwner<Connection> {
  /** The server has closed it. */
  closed(connection: Connection, code: number): void;
  /** Its client is gone, or has left. */
  gone(connection: Connection): void;
  /** With which address it shares an allowance. What a user's calls cost, their budget pays. */
  addressOf?(connection: Connection): string | undefined;
}

export class PolledSockets<Connection extends Owner> {
  readonly #ctx: DurableObjectState;
  readonly #owner: PolledOwner<Connection>;
  readonly #byId = new Map<string, Polled<Connection>>();
  readonly #pace = new PollPace();
  readonly #calls = new Map<WebSocket, { readonly socket: PolledSocket; readonly port: PollPort }>();

  constructor(ctx: DurableObjectState, owner: PolledOwner<Connection>) {
    this.#ctx = ctx;
    this.#owner = owner;
  }

  /** The first call of a connection, which `make` makes with its socket. */
  open(ws: WebSocket, id: string, make: (socket: SocketPort) => Connection): Connection {
    const polled = this.#add(id, make);
    this.#attach(polled.socket, ws, 0);
    return polled.connection;
  }

  /** A connection that outlived a sleep of the object, with the call that waits. */
  restore(
    ws: WebSocket,
    id: string,
    standing: PollStanding,
    make: (socket: SocketPort) => Connection,
  ): Connection {
    const polled = this.#add(id, make, standing);
    polled.socket.save(ws.deserializeAttachment());
    const port = callPort(ws);
    polled.socket.wake(port);
    this.#calls.set(ws, { socket: polled.socket, port });
    return polled.connection;
  }

  /** The next call of a client. `undefined`: there is no such connection any more. */
  resume({ connection, user, received }: PollUpgrade): HeldCall | undefined {
    const polled = this.#find(connection, user);
    if (polled === undefined) return undefined;
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    const restMs = this.#restMs(polled, Date.now());
    if (this.#attach(polled.socket, server, received)) return { client, restMs };
    server.close(1000, "unknown");
    return undefined;
  }

  /** Whose commands these are, and whether they are new. `undefined`: there is no such connection, or some are missing. */
  take({ connection, user, number }: PolledCommands) {
    const polled = this.#find(connection, user);
    const verdict = polled?.socket.take(number);
    if (polled === undefined || verdict === undefined) return undefined;
    return { connection: polled.connection, isNew: verdict === "next" };
  }

  /** The client has left. */
  leave(id: string): void {
    const polled = this.#byId.get(id);
    if (polled === undefined) return;
    this.#owner.gone(polled.connection);
    polled.socket.leave();
  }

  /** A socket has closed. Answers whether it was a call. */
  ended(ws: WebSocket): boolean {
    const call = this.#calls.get(ws);
    if (call === undefined) return false;
    this.#calls.delete(ws);
    // An error and a close may both be reported for the same socket: the second one is of no connection.
    ws.serializeAttachment(null);
    call.socket.detach(call.port);
    return true;
  }

  #restMs(polled: Polled<Connection>, now: number): number {
    const address = this.#owner.addressOf?.(polled.connection);
    if (address === undefined) return 0;
    polled.answerAt = this.#pace.answerAt(address, polled.answerAt, now);
    return polled.answerAt - now;
  }

  #find(id: string, user: string | null): Polled<Connection> | undefined {
    const polled = this.#byId.get(id);
    const isTheirs = polled !== undefined && (polled.connection.user?.id ?? null) === user;
    return isTheirs ? polled : undefined;
  }

  #add(id: string, make: (socket: SocketPort) => Connection, standing?: PollStanding): Polled<Connection> {
    const socket = new PolledSocket(
      {
        // Only between two calls, which is a moment, or 5 s if the client is gone.
        after: (delayMs, fn) => {
          const timer = setTimeout(fn, delayMs);
          return () => clearTimeout(timer);
        },
        onClose: (code) => this.#owner.closed(polled.connection, code),
        onSilent: () => this.#owner.gone(polled.connection),
        onOver: () => this.#remove(id),
      },
      standing,
    );
    const polled: Polled<Connection> = { socket, connection: make(socket), answerAt: Date.now() };
    this.#byId.set(id, polled);
    const address = this.#owner.addressOf?.(polled.connection);
    if (address !== undefined) this.#pace.add(address);
    return polled;
  }

  #remove(id: string): void {
    const polled = this.#byId.get(id);
    if (polled === undefined) return;
    const address = this.#owner.addressOf?.(polled.connection);
    if (address !== undefined) this.#pace.remove(address);
    this.#byId.delete(id);
  }

  #attach(socket: PolledSocket, ws: WebSocket, received: number): boolean {
    const port = callPort(ws);
    if (!socket.attach(port, received, Date.now())) return false;
    this.#calls.set(ws, { socket, port });
    return true;
  }
}

const callPort = (ws: WebSocket): PollPort => ({
  send(frame) {
    attempt(() => ws.send(frame));
  },
  end(closing) {
    // Else a call that was overtaken would be taken for a connection after a sleep.
    ws.serializeAttachment(null);
    attempt(() => ws.close(closing?.code ?? POLL_OVER, closing?.reason ?? ""));
  },
  save(state) {
    ws.serializeAttachment(state);
  },
});

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // The Worker has closed it already; its close event will follow.
  }
}
