// The test kit as a test sees it.

import { closeCode, type Permission } from "../../src/protocol/index.ts";
import { loadWatching } from "../connection/transport/watch-transport.ts";
import { Client, type ClientOptions } from "../core/client.ts";
import { loadAnswers } from "../room/streams/answers.ts";
import { ServerApi } from "../server/server-api.ts";
import { type ServerApiOptions, serverContext } from "../server/server-context.ts";
import type { ServerKickOptions } from "../server/server-room-types.ts";
import { RoomsError } from "../util/errors.ts";
import type { LossOptions } from "./loss.ts";
import { Network } from "./network.ts";
import { seededRandom } from "./seeded-random.ts";
import { Settling } from "./time/settling.ts";
import { sqliteHere } from "./worker/sqlite-here.ts";
import type { TestSettings } from "./worker/test-settings.ts";
import { TestWorker } from "./worker/test-worker.ts";
import { requestBody } from "./worker/worker-request.ts";
import { responseFor } from "./worker/worker-response.ts";

const URL_HERE = "https://rooms.test";
const API_KEY = "the-api-key-of-the-test-rooms-in-this-program";
const SECRET = "the-jwt-secret-of-the-test-rooms-in-this-program";
/** An object sleeps when nothing has happened in it for so long. */
const SLEEPS_AFTER_S = 10;

export interface TestRoomsOptions {
  /** Settings of the deployment, by the names of docs/settings.md, such as `HISTORY_LIMIT`. */
  readonly settings?: TestSettings;
  /** When the clock starts, in milliseconds since 1970. Default: the time of this machine. */
  readonly now?: number;
  /** What is by chance is the same for the same seed. Default 1. */
  readonly seed?: number;
}

export interface TestClientOptions extends Partial<Omit<ClientOptions, "url">> {
  /** The user's id. `null`: a client without a token, for rooms that `ANONYMOUS_ROOMS` names. */
  readonly user: string | null;
  /** The user's name. Default: the id. */
  readonly name?: string;
  /** What the user may do in every room. Default `write`. */
  readonly permission?: Permission;
  /** What the user may do in which rooms, as the claim `rooms` of a token says it. Default: `{ "*": permission }`. */
  readonly rooms?: Readonly<Record<string, Permission>>;
}

/** Time, for the clients and the server. It stands still until a test moves it. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Lets so much time pass, with everything that happens meanwhile. Resolves when all is quiet. */
  advance(ms: number): Promise<void>;
}

/** The network between the clients and the server. Without a call it is at once and loses nothing. */
export interface TestNetwork {
  /** Each frame, request and answer takes so long, one way. Default 0. */
  delay(ms: number): void;
  /** Loses frames. A connection that loses one is broken, as with TCP, and the client comes back. */
  lose(loss: LossOptions): void;
  /** The device of this user says that it is offline: connections break, and none opens. */
  goOffline(user: string): Promise<void>;
  goOnline(user: string): Promise<void>;
}

interface TestRoomsParts {
  readonly settling: Settling;
  readonly worker: TestWorker;
  random(): number;
}

type TokenClaims = { [Claim in "name" | "permission" | "rooms"]?: TestClientOptions[Claim] | undefined };

/** Made by {@link createTestRooms}. What a test does here resolves when nothing more can happen before time passes. */
export class TestRooms {
  readonly clock: TestClock;
  readonly network: TestNetwork;
  /** What your back end does, as `edge-rooms/server` has it: publish, stream, notify, kick, ban, purge. */
  readonly server: ServerApi;
  /** For a back end under test that makes its own: `createServerApi(rooms.serverOptions)`. It waits in real time. */
  readonly serverOptions: ServerApiOptions;
  readonly #settling: Settling;
  readonly #worker: TestWorker;
  readonly #network: Network;
  readonly #random: () => number;
  readonly #clients = new Set<Client>();
  #ids = 0;

  /** See {@link createTestRooms}. */
  static async create({ settings = {}, now = Date.now(), seed = 1 }: TestRoomsOptions): Promise<TestRooms> {
    const settling = new Settling(now);
    const random = seededRandom(seed);
    const openDatabase = await sqliteHere();
    // A file that is loaded later takes a time that no test can wait for.
    await Promise.all([loadAnswers(), loadWatching()]);
    const ownSettings = { ...settings, JWT_SECRET: SECRET, API_KEYS: API_KEY };
    const worker = new TestWorker({ settling, settings: ownSettings, openDatabase, random });
    const problems = await worker.problems();
    if (problems.length > 0) throw new RoomsError("bad_request", problems.join("; "));
    return new TestRooms({ settling, worker, random });
  }

  private constructor({ settling, worker, random }: TestRoomsParts) {
    this.#settling = settling;
    this.#random = random;
    this.#worker = worker;
    const { clock } = settling;
    this.#network = new Network(this.#worker, clock, this.#random);
    this.clock = { now: () => clock.now(), advance: (ms) => clock.advance(ms) };
    this.network = {
      delay: (ms) => this.#network.setDelay(ms),
      lose: (loss) => this.#network.setLoss(loss),
      goOffline: (user) => this.#act(() => this.#network.setOnline(user, false)),
      goOnline: (user) => this.#act(() => this.#network.setOnline(user, true)),
    };
    // No page: the key is of this program alone.
    const own = { url: URL_HERE, apiKey: API_KEY, dangerouslyAllowBrowser: true };
    this.serverOptions = { ...own, fetch: (url, init) => this.#fetch(url, init) };
    this.server = new ServerApi(serverContext(this.serverOptions, this.#ports()));
  }

  /**
   * A client of `createClient`, of one user on one device: call it again for another device or another user. Options
   * of `createClient` may be added; the log is off unless one is given.
   *
   * @example
   * const rooms = await createTestRooms();
   * const ada = rooms.client({ user: "ada", name: "Ada" });
   * await ada.room("lobby").send({ text: "Hello" });
   */
  readonly client = ({ user, name, permission, rooms, ...options }: TestClientOptions): Client => {
    const claims = { name, permission, rooms };
    const getToken = user === null ? () => null : async () => (await this.#tokenFor(user, claims)).token;
    const client = new Client(
      { getToken, log: "off", polling: "never", ...options, url: URL_HERE },
      { ...this.#ports(), ...this.#network.portsFor(user ?? ""), tabStore: {}, origin: undefined },
    );
    this.#clients.add(client);
    return client;
  };

  /** Resolves when nothing more can happen before time passes. */
  readonly settle = (): Promise<void> => this.#settling.settle();

  /** Breaks the connections of this user, or of all: nobody is told, and what was under way is lost. They come back. */
  readonly dropConnections = ({ user }: { readonly user?: string } = {}): Promise<void> =>
    this.#act(() => this.#network.breakOff(user));

  /** Makes the objects of all rooms and users sleep, as after ten quiet seconds, which pass if something goes on. */
  readonly hibernate = async (): Promise<void> => {
    await this.settle();
    for (let s = 0; s < SLEEPS_AFTER_S && this.#worker.objects.some(({ isBusy }) => isBusy); s++)
      await this.clock.advance(1_000);
    for (const object of this.#worker.objects) if (!object.isBusy) object.sleep();
  };

  /** The server closes the connections of this user, as their token has expired. `getToken` is asked for the next one. */
  readonly expireToken = (user: string): Promise<void> =>
    this.#act(() => this.#network.closeFromServer(user, closeCode("token_expired"), "token_expired"));

  /** Removes a user from a room, as a moderator does. They may not come back for `banSeconds`, an hour unless given. */
  readonly kick = (room: string, user: string, options?: ServerKickOptions): Promise<void> =>
    this.#act(() => this.server.room(room).kick(user, options));

  /** Closes all clients, and forgets everything. */
  readonly close = async (): Promise<void> => {
    for (const client of this.#clients) client.close();
    await this.settle();
    this.#worker.close();
  };

  async #act(act: () => void | Promise<void>): Promise<void> {
    await act();
    await this.settle();
  }

  #tokenFor(user: string, { name = user, permission = "write", rooms = { "*": permission } }: TokenClaims) {
    return this.server.token({ user, name, rooms });
  }

  #ports() {
    const { clock } = this.#settling;
    return { clock, random: this.#random, newId: () => `test${++this.#ids}` };
  }

  /** A call of the back end, whose network loses nothing. */
  async #fetch(url: string, { method, headers, body, signal }: RequestInit): Promise<Response> {
    const init = { method, headers, body: requestBody(body) };
    return responseFor(await this.#worker.fetch(url, { ...init, signal: signal ?? undefined }));
  }
}

/**
 * Rooms in this program, for tests of your app: the real server, clients of `createClient`, and a clock that only the
 * test moves. Nothing listens on a port, and nothing waits for time that the test does not let pass.
 *
 * SQLite is that of Node 22.13 and newer; on an older Node and in a browser `sql.js` must be installed. Rejects if there
 * is none, and with `bad_request` if a setting is wrong.
 *
 * @example
 * const rooms = await createTestRooms();
 * const ada = rooms.client({ user: "ada" }).room("lobby");
 * const bob = rooms.client({ user: "bob" }).room("lobby");
 * await ada.send({ text: "Hello" });
 * await rooms.settle();
 * console.log(bob.messages); // [{ data: { text: "Hello" }, … }]
 * await rooms.close();
 */
export const createTestRooms = (options: TestRoomsOptions = {}): Promise<TestRooms> =>
  TestRooms.create(options);
