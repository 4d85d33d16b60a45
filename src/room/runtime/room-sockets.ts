// The sockets of a room while its object is awake: those of clients, and those that stand for clients that poll.

import { log } from "../../log/log.ts";
import { type Departure, departureOf, TooBigNotice } from "../../object/close-codes.ts";
import { socketPort } from "../../object/runtime/hibernatable-socket.ts";
import type { CurrentSocket } from "../../object/runtime/object-state.ts";
import { PolledSockets } from "../../object/runtime/polled-sockets.ts";
import { randomId } from "../../object/runtime/random-id.ts";
import type { SocketPort } from "../../object/socket-port.ts";
import {
  newConnectionState,
  RoomConnection,
  type RoomConnectionState,
  type RoomUpgrade,
  readState,
} from "../people/room-connection.ts";
import type { Room } from "../room.ts";

export interface RoomSocketsPorts {
  readonly ctx: DurableObjectState;
  /** Whether the room has tables. */
  isMade(): boolean;
  /** A connection is gone. An error and a close may both be reported for the same socket. */
  left(connection: RoomConnection, departure: Departure): void;
  /** As `left`, outside of an event of a socket. */
  gone(connection: RoomConnection): void;
}

export class RoomSockets {
  readonly polled: PolledSockets<RoomConnection>;
  readonly #room: Room;
  readonly #ports: RoomSocketsPorts;
  readonly #connections = new Map<WebSocket, RoomConnection>();
  readonly #tooBig = new TooBigNotice();

  constructor(room: Room, ports: RoomSocketsPorts) {
    this.#room = room;
    this.#ports = ports;
    this.polled = new PolledSockets(ports.ctx, {
      closed: () => {},
      gone: (connection) => ports.gone(connection),
      addressOf: ({ identity }) => (identity.kind === "anonymous" ? identity.address : undefined),
    });
  }

  /** Takes a socket in. Answers the end of it that goes to the client, or to the Worker, which holds that of a poll. */
  accept(upgrade: RoomUpgrade): { readonly client: WebSocket; readonly id: string } {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ports.ctx.acceptWebSocket(server);
    const { epoch } = this.#room.log;
    const id = `c_${randomId()}`;
    const state = newConnectionState(id, this.#ports.isMade() ? upgrade : { ...upgrade, epoch });
    const make = (port: SocketPort) => new RoomConnection(port, state);
    const connection = upgrade.polls ? this.polled.open(server, id, make) : make(this.#port(server));
    connection.update({});
    if (!upgrade.polls) this.#connections.set(server, connection);
    this.#room.connections.admit(connection);
    return { client, id };
  }

  find(ws: WebSocket): RoomConnection | undefined {
    return this.#connections.get(ws);
  }

  /** A connection that outlived a sleep of the object: what it knew of it is in the attachment of its socket. */
  wake({ ws, state }: CurrentSocket<RoomConnectionState>): RoomConnection {
    const make = (port: SocketPort) => new RoomConnection(port, state);
    if (state.poll !== undefined) return this.polled.restore(ws, state.id, state.poll, make);
    const connection = make(this.#port(ws));
    this.#connections.set(ws, connection);
    return connection;
  }

  /** Its client closed it with `code`, or it was lost. */
  gone(ws: WebSocket, code: number): void {
    const hint = this.#tooBig.hint(code);
    if (hint !== undefined) log("frame_too_big_for_client", { room: this.#room.name, hint });
    if (this.polled.ended(ws)) return;
    const connection = this.find(ws) ?? this.#adopt(ws);
    if (connection === undefined || this.polled.ended(ws)) return;
    this.#connections.delete(ws);
    connection.closedWith(code);
    this.#ports.left(connection, departureOf(code));
  }

  /** A socket whose close wakes the object is not listed among its sockets, and the other members do not know yet. */
  #adopt(ws: WebSocket): RoomConnection | undefined {
    const state = readState(ws.deserializeAttachment());
    if (state === undefined) return undefined;
    const connection = this.wake({ ws, state });
    this.#room.connections.restore([connection]);
    this.#room.webhooks?.people.woke(1, 0);
    return connection;
  }

  /** What was closed from here sends nothing any more, and its close event may never come. */
  #port(ws: WebSocket): SocketPort {
    return socketPort(this.#ports.ctx, ws, () => this.#connections.delete(ws));
  }
}
