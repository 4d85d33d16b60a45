// The floor of a first opening: a token is checked, a call to the object of the user writes a row there, and a flush
// writes one in the room and sends the first frame. No rules.
import { DurableObject } from "cloudflare:workers";

const UPGRADE = "Upgrade-For-Room";
/** As long as a `connected` and a first replay. */
const HELLO = `hello${" ".repeat(700)}`;
const KNOWN = "CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, told INTEGER NOT NULL) WITHOUT ROWID";
const KNOW = "INSERT OR REPLACE INTO known VALUES (?, 0)";

export class User extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec(KNOWN);
  }
  register(room) {
    this.ctx.storage.sql.exec(KNOW, room);
    return { revoked: 0 };
  }
}

export class Room extends DurableObject {
  #sockets = new Set();
  #joining = [];
  #flushing;
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec(KNOWN);
  }
  async fetch(request) {
    const upgrade = JSON.parse(request.headers.get(UPGRADE));
    const { revoked } = await this.env.USERS.getByName(upgrade.user).register(upgrade.room);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ ...upgrade, revoked });
    this.#joining.push({ server, user: upgrade.user });
    this.#flushing ??= this.#flush();
    this.ctx.waitUntil(this.#flushing);
    return new Response(null, { status: 101, webSocket: client });
  }
  async #flush() {
    await scheduler.wait(Math.floor(this.#sockets.size * 0.01));
    this.#flushing = undefined;
    for (const { server, user } of this.#joining.splice(0)) {
      this.ctx.storage.sql.exec(KNOW, user);
      this.#sockets.add(server);
      server.send(HELLO);
    }
    await this.ctx.storage.sync();
  }
  webSocketClose(socket) {
    this.#sockets.delete(socket);
    socket.close(1000);
  }
}

const algorithm = { name: "HMAC", hash: "SHA-256" };
const encoder = new TextEncoder();
const signed = encoder.encode("x".repeat(200));
const signature = new Uint8Array(32);
let key;
/** How many have joined each room. Each is another user, and the same users join every room. */
const joined = new Map();

export default {
  async fetch(request, env) {
    key ??= await crypto.subtle.importKey("raw", encoder.encode("x".repeat(32)), algorithm, false, [
      "verify",
    ]);
    await crypto.subtle.verify("HMAC", key, signature, signed);
    const room = new URL(request.url).pathname;
    const at = joined.get(room) ?? 0;
    joined.set(room, at + 1);
    const upgrade = JSON.stringify({ room, user: `user${at}`, history: 0, topics: null });
    const headers = { Upgrade: "websocket", [UPGRADE]: upgrade };
    return env.ROOMS.getByName(room).fetch(new Request("https://object.invalid/", { headers }));
  },
};
