// What `npm run smoke` looks at, in order. Each check uses a room and users that nothing else uses; the last one removes
// the room.

import { randomBytes } from "node:crypto";
import type { SmokeApi } from "./smoke-api.ts";
import type { Check } from "./smoke-run.ts";
import { type Closed, type SmokeFrame, SmokeSocket } from "./smoke-socket.ts";

/** How long after its last message a notification of these checks is gone by itself, in milliseconds. */
const NOTIFICATION_LIVES_MS = 60_000;
const MAX_ROUND_TRIPS = 20;
const CLEAN_UP_SECONDS = 5;
/** More than this after the Close frame, and clients that wait for the end of TCP are seen to hang. */
const SLOW_END_MS = 2_000;

const NAMES = ["ada", "bo", "mallory"];
/** The same in each run, as what is stored of a user stays. */
const userOf = (name: string): string => `smoke_${name}`;

const rounded = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
const since = (start: number): string => rounded(performance.now() - start);

/** The value below which this share of them lies. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function expectThat(is: boolean, otherwise: string): void {
  if (!is) throw new Error(otherwise);
}

export class SmokeChecks {
  readonly #api: SmokeApi;
  readonly #run = randomBytes(6).toString("hex");
  readonly #room = `smoke_${this.#run}`;
  readonly #tokens = new Map<string, string>();
  readonly #sockets: SmokeSocket[] = [];
  /** Of the first user in the room, and of the second. */
  #ada: SmokeSocket | undefined;
  #bo: SmokeSocket | undefined;
  #greeting: SmokeFrame | undefined;
  /** The ids of what was sent, in order. */
  readonly #sent: string[] = [];

  constructor(api: SmokeApi) {
    this.#api = api;
  }

  readonly checks = (): readonly Check[] => [
    {
      name: "health",
      isNeeded: true,
      meaning: "Nothing else can be checked.",
      run: () => this.#health(),
    },
    {
      name: "API key",
      isNeeded: true,
      meaning: "No server can publish, notify or moderate with this key.",
      run: () => this.#key(),
    },
    {
      name: "tokens",
      isNeeded: true,
      meaning: "Without JWT_SECRET a deployment signs no tokens, and this check cannot come in as a user.",
      run: () => this.#makeTokens(),
    },
    {
      name: "connect",
      isNeeded: true,
      meaning: "No client comes in.",
      run: () => this.#connect(),
    },
    { name: "clock", meaning: "Tokens are refused as too new or too old.", run: () => this.#clock() },
    { name: "compression", meaning: "It cannot be said.", run: () => this.#compression() },
    { name: "send", isNeeded: true, meaning: "Messages do not arrive.", run: () => this.#send() },
    { name: "latency", meaning: "Messages are late or lost.", run: () => this.#latency() },
    { name: "heartbeat", meaning: "Clients drop connections that are alive.", run: () => this.#heartbeat() },
    { name: "replay", meaning: "Who comes back misses messages.", run: () => this.#replay() },
    { name: "notify", meaning: "Notifications do not arrive at once.", run: () => this.#notify() },
    { name: "refusal", meaning: "Who has no valid token is not told so.", run: () => this.#refusal() },
    { name: "kick", meaning: "Who is kicked stays, or comes back again and again.", run: () => this.#kick() },
    { name: "purge", meaning: "A room that is deleted stays.", run: () => this.#purge() },
  ];

  /** Ends and removes what is left, also after a failure. */
  async cleanUp(): Promise<void> {
    for (const socket of this.#sockets) socket.leave();
    if (this.#tokens.size === 0) return;
    const paths = [
      `/v1/rooms/${this.#room}`,
      `/v1/rooms/${this.#room}/bans/${userOf("mallory")}`,
      ...NAMES.map((name) => `/v1/users/${userOf(name)}/rooms/${this.#room}`),
    ];
    this.#api.patience.restart(CLEAN_UP_SECONDS);
    for (const path of paths) await this.#api.asServer("DELETE", path).catch(() => undefined);
  }

  async #health(): Promise<string> {
    const start = performance.now();
    const { status, json } = await this.#api.call("GET", "/health");
    if (typeof json?.ok !== "boolean")
      throw new Error(`this is no Edge Rooms: /health was answered with ${status}, and not as it is by one`);
    const problems = Array.isArray(json.problems)
      ? json.problems.join("; ")
      : "objects cannot open, see the log";
    expectThat(json.ok, `it says that it is not well: ${problems}`);
    return `well, answered in ${since(start)}`;
  }

  async #key(): Promise<string> {
    const { head } = await this.#api.asServer("GET", `/v1/rooms/${this.#room}`);
    expectThat(head === 0, "a room that nobody used has messages");
    const { version } = await this.#api.asServer("GET", "/health");
    return `accepted, by version ${String(version)}`;
  }

  async #makeTokens(): Promise<string> {
    for (const name of NAMES) {
      const user = userOf(name);
      const body = { user, rooms: { [this.#room]: "write" }, ttlSeconds: 300 };
      const { token } = await this.#api.asServer("POST", "/v1/tokens", body);
      this.#tokens.set(name, String(token));
    }
    return "made for three users, for five minutes";
  }

  async #connect(): Promise<string> {
    const start = performance.now();
    this.#ada = await this.#enter("ada");
    const first = since(start);
    this.#greeting = await this.#ada.next("connected");
    const again = performance.now();
    this.#bo = await this.#enter("bo");
    await this.#bo.next("caughtUp");
    return `${first} for the first, which makes the room, ${since(again)} for the next`;
  }

  /** As far as half a round trip says it. */
  async #clock(): Promise<string> {
    const start = Date.now();
    const socket = await this.#enter("bo");
    const { at } = await socket.next("connected");
    const end = Date.now();
    socket.leave();
    const offset = Math.round(Number(at) - (start + end) / 2);
    const doubt = Math.round((end - start) / 2);
    expectThat(Math.abs(offset) - doubt < 60_000, `the clocks differ by ${Math.round(offset / 1_000)} s`);
    return `${offset >= 0 ? "ahead of" : "behind"} this machine by ${Math.abs(offset)} ms, give or take ${doubt}`;
  }

  async #compression(): Promise<string> {
    const socket = await this.#enter("bo", { offersCompression: true });
    socket.leave();
    return socket.extensions === "" ? "not negotiated" : `negotiated: ${socket.extensions}`;
  }

  async #send(): Promise<string> {
    const start = performance.now();
    await this.#say();
    await this.#hears(this.#bo, this.#sent.at(-1));
    return `stored and delivered to another member in ${since(start)}`;
  }

  async #latency(): Promise<string> {
    const burst = Number(Object(this.#greeting?.limits).rateBurst);
    const times: number[] = [];
    for (let n = Math.max(3, Math.min(MAX_ROUND_TRIPS, burst - 8)); n > 0; n--) times.push(await this.#say());
    for (const id of this.#sent.slice(1)) await this.#hears(this.#bo, id);
    const sorted = times.sort((a, b) => a - b);
    return `p50 ${rounded(percentile(sorted, 0.5))}, p95 ${rounded(percentile(sorted, 0.95))} of ${times.length} messages, from send to answer`;
  }

  async #heartbeat(): Promise<string> {
    const start = performance.now();
    this.#bo?.send({ type: "ping" });
    await this.#bo?.next("pong");
    return `answered in ${since(start)}`;
  }

  async #replay(): Promise<string> {
    const socket = await this.#enter("bo", {}, `?since=${this.#greeting?.epoch}.0`);
    const { recovery } = await socket.next("connected");
    expectThat(recovery === "complete", `the replay was "${recovery}" in place of "complete"`);
    for (const [at, id] of this.#sent.entries()) {
      const { id: got, seq } = await socket.next("message");
      expectThat(got === id && seq === at + 1, `message ${at + 1} came as ${String(seq)}`);
    }
    socket.leave();
    return `all ${this.#sent.length} messages, in order`;
  }

  async #notify(): Promise<string> {
    const session = await this.#open("ada", "/v1/connect");
    await session.next("caughtUp");
    const start = performance.now();
    const user = userOf("ada");
    const expiresAt = Date.now() + NOTIFICATION_LIVES_MS;
    await this.#api.asServer("POST", "/v1/notify", { user, title: "smoke", message: this.#run, expiresAt });
    await session.next("notification", ({ message }) => message === this.#run);
    session.leave();
    return `arrived in ${since(start)}`;
  }

  async #refusal(): Promise<string> {
    const socket = await this.#keep(
      SmokeSocket.open(`${this.#api.url}/v1/rooms/${this.#room}/connect`, {
        token: "none",
        within: this.#api.within,
      }),
    );
    return this.#endOf(socket, await this.#closes(socket, 4401));
  }

  async #kick(): Promise<string> {
    const socket = await this.#enter("mallory");
    await socket.next("caughtUp");
    // A client that never sent anything is another case: see "Traps of the platform" in src/DESIGN.md.
    socket.send({ type: "ping" });
    await socket.next("pong");
    const start = performance.now();
    const user = userOf("mallory");
    await this.#api.asServer("POST", `/v1/rooms/${this.#room}/kick`, { user, banSeconds: 60 });
    const closed = await this.#closes(socket, 4403);
    const end = await this.#endOf(socket, closed);
    const back = await this.#enter("mallory");
    await this.#closes(back, 4403);
    return `${rounded(closed.at - start)} after the call ${end}; may not come back`;
  }

  async #purge(): Promise<string> {
    const path = `/v1/rooms/${this.#room}`;
    await this.#api.asServer("DELETE", path);
    if (this.#ada !== undefined) await this.#closes(this.#ada, 4410);
    const { head } = await this.#api.asServer("GET", path);
    expectThat(head === 0, "messages are left");
    return "closed for its members, and empty";
  }

  /** Sends one message; answers how long its answer took, in milliseconds. */
  async #say(): Promise<number> {
    const id = `${this.#run}-${this.#sent.length + 1}`;
    const start = performance.now();
    this.#ada?.send({ type: "send", id, data: { text: "smoke" } });
    const answer = await this.#ada?.next(["ok", "error"], (frame) => frame.id === id);
    expectThat(answer?.type === "ok", `a message was refused with ${String(answer?.code)}`);
    this.#sent.push(id);
    return performance.now() - start;
  }

  async #hears(socket: SmokeSocket | undefined, id: string | undefined): Promise<void> {
    await socket?.next("message", (frame) => frame.id === id);
  }

  #enter(name: string, options: { offersCompression?: boolean } = {}, query = ""): Promise<SmokeSocket> {
    return this.#open(name, `/v1/rooms/${this.#room}/connect${query}`, options);
  }

  #open(name: string, path: string, options: { offersCompression?: boolean } = {}): Promise<SmokeSocket> {
    const token = this.#tokens.get(name) ?? "";
    return this.#keep(
      SmokeSocket.open(this.#api.url + path, { token, within: this.#api.within, ...options }),
    );
  }

  async #keep(opening: Promise<SmokeSocket>): Promise<SmokeSocket> {
    const socket = await opening;
    this.#sockets.push(socket);
    return socket;
  }

  async #closes(socket: SmokeSocket, code: number): Promise<Closed> {
    const closed = await this.#api.within("the close", socket.closed);
    expectThat(closed.code === code, `closed with ${closed.code} ${closed.reason} in place of ${code}`);
    return closed;
  }

  /** The end of TCP after a Close frame: Node's WebSocket, for one, reports the close only then. */
  async #endOf(socket: SmokeSocket, { code, reason, at }: Closed): Promise<string> {
    const took = (await this.#api.within(`the end of TCP after ${code}`, socket.ended)) - at;
    expectThat(took < SLOW_END_MS, `after ${code} TCP stayed open for ${rounded(took)}`);
    return `closed with ${code} ${reason.split(":")[0]}, TCP ended ${rounded(took)} later`;
  }
}
