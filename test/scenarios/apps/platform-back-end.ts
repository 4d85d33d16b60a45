// The server of a platform on an origin of its own: its page, the tokens of its users, its answers to the question who
// may do what in a room, and what its staff says.

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createServerApi, type ServerApi, verifySignature } from "../../../client/server/index.ts";
import type { LocalServer } from "../../support/local-server.ts";

/** `window` has the client, the room and what happened, for the test. */
const page = (rooms: string) => `<!doctype html><link rel="icon" href="data:,"><title>Platform</title>
<output id="status"></output> <output id="notice" role="status"></output> <ol id="heard"></ol>
<script type="module">
  import { createClient } from "${rooms}/edge-rooms.js";
  const { searchParams } = new URL(location.href);
  const [user, name, url] = ["user", "room", "rooms"].map((key) => searchParams.get(key));
  const getToken = async () => (await fetch("/token?user=" + user)).text();
  const client = createClient({ url, getToken });
  const room = client.room(name);
  const show = (id, text) => (document.getElementById(id).textContent = text);
  const list = (text) => heard.append(Object.assign(document.createElement("li"), { textContent: text }));
  room.on("state", ({ status, error }) => {
    show("status", status);
    show("notice", error === undefined ? "" : error.message);
  });
  room.on("message", ({ from, data }) => list(from.id + ": " + data.text));
  Object.assign(window, { client, room });
</script>`;

const WEBHOOK_SECRET = "a-secret-of-the-platform-that-is-long-enough";

type Answer = "read" | "write" | "moderate" | null;

export class PlatformBackEnd {
  readonly #server: Server;
  #api: ServerApi | undefined;
  #rooms = "";
  /** Who may do what, by room and user; what is not here is nothing. */
  readonly rights: Record<string, Readonly<Record<string, Answer>>> = {};
  /** The questions that were asked, in order. */
  readonly questions: string[] = [];

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const { status, type = "text/plain", body } = await this.#answer(request);
      response.writeHead(status, { "Content-Type": type }).end(body);
    });
  }

  static async start(): Promise<PlatformBackEnd> {
    const backEnd = new PlatformBackEnd();
    await new Promise<void>((resolve) => backEnd.#server.listen(0, "127.0.0.1", resolve));
    return backEnd;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** The settings of the rooms that ask this back end. */
  get vars(): Readonly<Record<string, string>> {
    return { AUTHORIZE_URL: `${this.url}/authorize`, WEBHOOK_SECRET, ALLOWED_ORIGINS: this.url };
  }

  use({ url, apiKey }: LocalServer): void {
    this.#rooms = url;
    this.#api = createServerApi({ url, apiKey });
  }

  get api(): ServerApi {
    if (this.#api === undefined) throw new Error("The back end does not know its rooms yet.");
    return this.#api;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; type?: string; body: string }> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    if (pathname === "/") return { status: 200, type: "text/html", body: page(this.#rooms) };
    if (pathname === "/token") {
      const { token } = await this.api.token({ user: searchParams.get("user") ?? "" });
      return { status: 200, body: token };
    }
    if (pathname === "/authorize") return this.#authorize(request);
    return { status: 404, body: "" };
  }

  async #authorize(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const body = await text(request);
    const isOurs = await verifySignature(request.headers["edge-rooms-signature"], body, WEBHOOK_SECRET);
    if (!isOurs) return { status: 401, body: "" };
    const { user, room }: { user: { id: string }; room: string } = JSON.parse(body);
    this.questions.push(`${user.id} in ${room}`);
    const permission = this.rights[room]?.[user.id] ?? null;
    return { status: 200, body: JSON.stringify({ permission, maxAgeSeconds: 60 }) };
  }
}
