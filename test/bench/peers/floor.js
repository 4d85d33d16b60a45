// The floor: bare hibernating Durable Objects that do a part of what a room does, without its rules. What a room takes
// more than they do is its own; what they take is the runtime's.
import { DurableObject } from "cloudflare:workers";

class Bare extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.send("hello");
    return new Response(null, { status: 101, webSocket: client });
  }
  sendToAll(message) {
    for (const socket of this.ctx.getWebSockets()) socket.send(message);
  }
  webSocketClose(socket) {
    socket.close(1000);
  }
}

/** Sends what it gets to everybody, and stores nothing. */
export class Floor extends Bare {
  webSocketMessage(_socket, message) {
    this.sendToAll(message);
  }
}

/** Writes a row before that. */
export class StoringFloor extends Bare {
  #slot = 0;
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (slot INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  }
  webSocketMessage(_socket, message) {
    const slot = this.#slot++ % 10_000;
    this.ctx.storage.sql.exec("INSERT OR REPLACE INTO log (slot, body) VALUES (?, ?)", slot, message);
    this.sendToAll(message);
  }
}

/** Gathers what comes as a room does, and sends it in one frame. */
export class GatheringFloor extends Bare {
  #sockets = new Set();
  #waiting = [];
  fetch() {
    const answer = super.fetch();
    this.#sockets = new Set(this.ctx.getWebSockets());
    return answer;
  }
  async webSocketMessage(_socket, message) {
    if (this.#waiting.push(message) > 1) return;
    await scheduler.wait(Math.floor(this.#sockets.size * 0.01));
    const frame = `[${this.#waiting.join()}]`;
    this.#waiting = [];
    for (const socket of this.#sockets) socket.send(frame);
  }
  webSocketClose(socket) {
    this.#sockets.delete(socket);
    super.webSocketClose(socket);
  }
}

export default {
  fetch: (request, env) => env.FLOOR.getByName(new URL(request.url).pathname).fetch(request),
};
