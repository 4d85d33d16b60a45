// Readers of one answer on a real server, over every way. They come back after each cut, some with what they have, some without,
// and what they show is judged after each change.

import { Client } from "../../../client/core/client.ts";
import { type RoomHandle, sharedRoom } from "../../../client/index.ts";
import { sharingOver } from "../../../client/tabs/sharing-over.ts";
import { systemClock } from "../../../client/util/system-clock.ts";
import { systemPorts } from "../../../client/util/system-ports.ts";
import { Network } from "../../e2e/support/network.ts";
import { tokenFor } from "../../e2e/support/world.ts";
import { FakeBrowserTabs } from "../../support/fake-browser-tabs.ts";
import { RawReader } from "../../support/streams/raw-reader.ts";
import { differenceOf, type ToyAnswer } from "../../support/streams/toy-answer.ts";
import { portsOf, type Way } from "../device.ts";
import { type RawWay, type RawWayName, rawWay } from "./raw-ways.ts";

const BACK_WITHIN_MS = 200;
const TRY_AGAIN_MS = 50;

export interface StreamReader {
  readonly name: string;
  /** What was wrong with what it showed. */
  readonly faults: readonly string[];
  readonly isLive: boolean;
  /** What it shows; `stream` is how the message stands. */
  readonly shown: { readonly text: string; readonly stream: string | undefined };
  cut(): void;
  close(): void | Promise<void>;
}

export interface ReaderOptions {
  readonly port: number;
  readonly room: string;
  readonly user: string;
  readonly answer: ToyAnswer;
  /** From 0 to below 1. */
  random(): number;
}

/** It speaks the bare protocol. */
export class BareReader implements StreamReader {
  readonly name: string;
  readonly #options: ReaderOptions;
  readonly #way: RawWayName;
  readonly #reader: RawReader;
  #connection: RawWay | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(way: RawWayName, options: ReaderOptions) {
    this.#way = way;
    this.#options = options;
    this.name = `${options.user} (${way})`;
    this.#reader = new RawReader({
      name: this.name,
      mayHearTwice: way.startsWith("session"),
      judge: ({ data, n, stream }) => {
        const { answer } = options;
        return differenceOf(answer, data?.text ?? "", stream === "open" ? n : answer.count);
      },
      page: (command) => this.#connection?.say(command),
    });
    this.#connect();
  }

  get faults(): readonly string[] {
    return this.#reader.faults;
  }

  get isLive(): boolean {
    return this.#reader.isLive;
  }

  get shown() {
    const { shown } = this.#reader;
    return { text: shown?.data?.text ?? "", stream: shown?.stream };
  }

  cut(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.cut();
    this.#lost(connection, this.#options.random() * BACK_WITHIN_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connection?.cut();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const { port, room, user, random } = this.#options;
    const says = random();
    const { cursor, have } = this.#reader;
    const from = { since: says < 0.2 ? undefined : cursor, ...(says < 0.6 && { have }) };
    const connection = rawWay(this.#way, {
      ...{ port, room, user },
      onFrame: (frame) => this.#reader.receives(frame),
      onEnd: () => this.#lost(connection, random() * BACK_WITHIN_MS),
    });
    this.#connection = connection;
    connection.open(from).catch(() => this.#lost(connection, TRY_AGAIN_MS));
  }

  #lost(connection: RawWay, backInMs: number): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#reader.lost();
    this.#timer = setTimeout(() => this.#connect(), backInMs);
  }
}

/** Our client, also in several tabs that share their connections, behind a network of its own. */
export class ClientReader implements StreamReader {
  readonly name: string;
  readonly faults: string[] = [];
  readonly #network: Network;
  readonly #clients: readonly Client[];
  readonly #rooms: readonly RoomHandle[];
  readonly #answer: ToyAnswer;

  private constructor(way: Way, tabs: number, network: Network, { room, user, answer }: ReaderOptions) {
    this.name = `${user} (our client, ${way.name}${tabs > 1 ? `, ${tabs} tabs` : ""})`;
    this.#network = network;
    this.#answer = answer;
    const browser = new FakeBrowserTabs(systemClock);
    this.#clients = Array.from({ length: tabs }, () => {
      const tab = tabs > 1 ? browser.open() : undefined;
      return new Client(
        {
          url: network.url,
          getToken: () => tokenFor(user),
          polling: way.polling,
          reconnect: { minMs: 20, maxMs: 400 },
          log: "off",
          tabs: tab && sharingOver(tab.ports),
        },
        tab === undefined ? systemPorts() : portsOf(tab),
      );
    });
    this.#rooms = this.#clients.map((client) =>
      way.isShared ? sharedRoom(client, room) : client.room(room),
    );
    for (const held of this.#rooms) held.subscribe(() => this.#judge(held));
  }

  static async open(way: Way, tabs: number, options: ReaderOptions): Promise<ClientReader> {
    return new ClientReader(way, tabs, await Network.to(options.port), options);
  }

  get isLive(): boolean {
    return this.#rooms.every(({ state }) => state.status === "connected");
  }

  /** That of a tab that differs from the first one, if one does. */
  get shown() {
    const [first = NOTHING, ...others] = this.#rooms.map(shownIn);
    return others.find(({ text, stream }) => text !== first.text || stream !== first.stream) ?? first;
  }

  cut(): void {
    this.#network.cut("rst");
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#network.close();
  }

  #judge(room: RoomHandle): void {
    const { text, stream } = shownIn(room);
    const isWhole = text === this.#answer.text;
    if (stream === undefined || (stream === "open" ? this.#answer.text.startsWith(text) : isWhole)) return;
    this.faults.push(`${this.name}: ${stream}, with ${text.length} units that are no part of the answer`);
  }
}

const NOTHING = { text: "", stream: undefined };

function shownIn(room: RoomHandle): { readonly text: string; readonly stream: string | undefined } {
  const message = room.latest(1)[0];
  if (message === undefined || message.pending === true) return NOTHING;
  const { data, stream } = message;
  const text = typeof data === "object" && data !== null && "text" in data ? String(data.text) : "";
  return { text, stream };
}
