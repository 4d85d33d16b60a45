// One answer of 2,000 tokens on a real server with 100 readers on every way. The server, the producer and readers are killed at
// tokens that are chosen from a seed, or at all of them.

import { createServerApi } from "../../../client/server/index.ts";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { API_KEY } from "../../e2e/support/world.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { RawProducer } from "../../support/streams/raw-producer.ts";
import { ToyAnswer } from "../../support/streams/toy-answer.ts";
import type { Anomaly } from "../anomaly.ts";
import { WAYS } from "../device.ts";
import type { KilledServer } from "../killed-server.ts";
import { RAW_WAYS, type RawWay, type RawWayName, rawWay } from "./raw-ways.ts";
import { BareReader, ClientReader, type ReaderOptions, type StreamReader } from "./readers.ts";

export interface AnswerRoundOptions {
  readonly seed: number;
  readonly tokens: number;
  readonly readers: number;
  /** How often the server is killed: at most once a token. */
  readonly kills: number;
  /** By `performance.now()`: no kill begins after it. */
  readonly endsAt: number;
}

export interface AnswerRoundResult {
  readonly anomalies: readonly Anomaly[];
  readonly kills: number;
  readonly readerCuts: number;
  readonly producerCuts: number;
  readonly readers: number;
  /** How many appends were sent, with those that were sent again. */
  readonly appends: number;
}

const TOKEN_EVERY_MS = 5;
const LIVE_WITHIN_MS = 8_000;
const OVER_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;
/** A kill comes within this time after its token was sent. */
const AMID_MS = 60;
const AWAY_MS = 150;
const CUTS_A_TOKEN = 0.3;
const PRODUCER_CUTS_A_TOKEN = 0.02;
/** Of the readers, those with our client. */
const CLIENTS = 0.3;
const TABS = 3;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Whether it came about in time. */
async function within(ms: number, look: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + ms;
  while (!look()) {
    if (performance.now() > giveUpAt) return false;
    await pause(LOOK_EVERY_MS);
  }
  return true;
}

/** The producer's side: it takes the next way each time that it comes back. */
class ProducerSeat {
  readonly producer: RawProducer;
  cuts = 0;
  readonly #options: Pick<ReaderOptions, "port" | "room" | "user" | "random">;
  #connection: RawWay | undefined;
  #timer: NodeJS.Timeout | undefined;
  #comes = 0;
  #isClosed = false;

  constructor(answer: ToyAnswer, options: Pick<ReaderOptions, "port" | "room" | "user" | "random">) {
    this.#options = options;
    this.producer = new RawProducer(answer, () => performance.now());
    this.#connect();
  }

  cut(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.cuts += 1;
    connection.cut();
    this.#lost(connection, this.#options.random() * AWAY_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connection?.cut();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const { random, ...where } = this.#options;
    const name: RawWayName = RAW_WAYS[this.#comes++ % RAW_WAYS.length] ?? "socket";
    const connection = rawWay(name, {
      ...where,
      onFrame: (frame) => this.#hear(frame, connection),
      onEnd: () => this.#lost(connection, random() * AWAY_MS),
    });
    this.#connection = connection;
    connection.open({}).catch(() => this.#lost(connection, AWAY_MS / 3));
  }

  #hear(frame: string, connection: RawWay): void {
    const parsed = JSON.parse(frame);
    for (const event of parsed.type === "batch" ? parsed.events : [parsed]) {
      if (event.type === "connected")
        this.producer.connected(`${event.epoch}.${event.head}`, (command) => connection.say(command));
      else this.producer.receives(event);
    }
  }

  #lost(connection: RawWay, backInMs: number): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.producer.lost();
    this.#timer = setTimeout(() => this.#connect(), backInMs);
  }
}

export async function runAnswerRound(
  server: KilledServer,
  options: AnswerRoundOptions,
): Promise<AnswerRoundResult> {
  const { seed, tokens } = options;
  const random = new SeededRandom(seededRandom(seed));
  const room = `answer_${seed}`;
  const answer = new ToyAnswer(seed, tokens);
  const where = { port: server.port, room, random: random.next };
  const readers = await openReaders(options.readers, { ...where, answer });
  const seat = new ProducerSeat(answer, { ...where, user: `${room}_producer` });
  try {
    await within(LIVE_WITHIN_MS, () => readers.every(({ isLive }) => isLive));
    const done = await play(server, { readers, seat, random, options });
    await within(
      OVER_WITHIN_MS,
      () => seat.producer.isOver && readers.every((reader) => isWhole(reader, answer)),
    );
    const anomalies = [
      ...anomaliesOf(readers, seat.producer, answer, room),
      ...(await storedAnomalies(server, room, answer)),
      ...server.takeErrors().map((what) => ({ kind: "error", where: "the server", what }) as const),
    ];
    const { appends } = seat.producer.counts;
    return { ...done, anomalies, appends, producerCuts: seat.cuts, readers: readers.length };
  } finally {
    seat.close();
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

async function openReaders(
  count: number,
  where: Omit<ReaderOptions, "user">,
): Promise<readonly StreamReader[]> {
  const clients = Math.round(count * CLIENTS);
  const bare = Array.from({ length: count - clients }, (_, at) => {
    const way = RAW_WAYS[at % RAW_WAYS.length] ?? "socket";
    return new BareReader(way, { ...where, user: `${where.room}_bare${at}` });
  });
  const ours = Array.from({ length: clients }, (_, at) => {
    const way = WAYS[at % WAYS.length] ?? WAYS[0];
    // Tabs of one user: those share.
    const tabs = at % 5 === 4 ? TABS : 1;
    return ClientReader.open(way, tabs, { ...where, user: `${where.room}_ours${at}` });
  });
  return [...bare, ...(await Promise.all(ours))];
}

interface Stage {
  readonly readers: readonly StreamReader[];
  readonly seat: ProducerSeat;
  readonly random: SeededRandom;
  readonly options: AnswerRoundOptions;
}

async function play(
  server: KilledServer,
  { readers, seat, random, options }: Stage,
): Promise<{ readonly kills: number; readonly readerCuts: number }> {
  const { tokens, kills: most, endsAt } = options;
  let [kills, readerCuts] = [0, 0];
  for (let n = 1; n <= tokens; n += 1) {
    seat.producer.make();
    if (random.next() < CUTS_A_TOKEN) {
      random.pick(readers).cut();
      readerCuts += 1;
    }
    if (random.next() < PRODUCER_CUTS_A_TOKEN) seat.cut();
    // As many of the tokens that are left as there are kills left.
    const isChosen = random.next() < (most - kills) / (tokens - n + 1);
    if (!isChosen || performance.now() > endsAt) {
      await pause(TOKEN_EVERY_MS);
      continue;
    }
    await pause(random.upTo(AMID_MS));
    await server.kill();
    kills += 1;
    if (random.next() < 0.5) await pause(random.upTo(AWAY_MS));
    await server.start();
    // Some of the next tokens come while all come back, others when they are back.
    if (random.next() < 0.7) await within(LIVE_WITHIN_MS, () => readers.every(({ isLive }) => isLive));
  }
  return { kills, readerCuts };
}

const isWhole = ({ shown }: StreamReader, answer: ToyAnswer) =>
  shown.stream === "complete" && shown.text === answer.text;

function anomaliesOf(
  readers: readonly StreamReader[],
  producer: RawProducer,
  answer: ToyAnswer,
  room: string,
): readonly Anomaly[] {
  const shown = readers.flatMap(({ faults }) =>
    faults.slice(0, 3).map((what) => ({ kind: "diverged", where: room, what }) as const),
  );
  const said = producer.faults.map((what) => ({ kind: "error", where: "the producer", what }) as const);
  const ends = readers
    .filter((reader) => !isWhole(reader, answer))
    .map(({ name, isLive, shown: { text, stream } }) => {
      const what = `in the end ${isLive ? "live" : "away"}, ${stream}, ${text.length} units of ${answer.text.length}`;
      return { kind: "diverged", where: name, what } as const;
    });
  const over = producer.isOver
    ? []
    : [{ kind: "unanswered", where: room, what: "the end of the answer" } as const];
  return [...shown, ...said, ...ends, ...over];
}

/** One message, with all of the text. */
async function storedAnomalies(
  { url }: KilledServer,
  room: string,
  answer: ToyAnswer,
): Promise<readonly Anomaly[]> {
  const api = createServerApi({ url, apiKey: API_KEY });
  const stored: { readonly data: unknown; readonly stream?: string | undefined }[] = [];
  for await (const { messages } of api.room(room).pages()) stored.push(...messages);
  const [message] = stored;
  const isRight =
    stored.length === 1 &&
    message?.stream === "complete" &&
    JSON.stringify(message.data) === JSON.stringify({ text: answer.text });
  return isRight ? [] : [{ kind: "diverged", where: room, what: `${stored.length} messages are stored` }];
}
