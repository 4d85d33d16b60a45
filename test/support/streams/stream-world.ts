// One answer, its producer and its readers around the rules of a room: what a network and a runtime do to them is up to the
// test. Whatever happens, what each reader shows is judged after each event.

import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { type Person, RoomForTest } from "../room-for-test.ts";
import { RawProducer } from "./raw-producer.ts";
import { RawReader } from "./raw-reader.ts";
import { type Seat, SessionSeat, SOCKET_KINDS, SocketSeat } from "./seats.ts";
import { differenceOf, ToyAnswer } from "./toy-answer.ts";
import { countRows } from "./written-rows.ts";

export interface StreamWorldOptions {
  readonly seed: number;
  readonly tokens: number;
  /** Between two tokens, in milliseconds. */
  readonly everyMs?: number;
  /** Readers of each kind. */
  readonly readers?: number;
}

export interface Reader {
  readonly seat: Seat;
  readonly reader: RawReader;
  /** Until when its client waits before it connects again, in milliseconds. */
  awayUntil: number;
}

const PRODUCER = "ada";
/** As long as a client waits at most before it connects again. */
const AWAY_MS = 300;
/** So many steps after the last token the alarm goes off. */
const SWEEP_EVERY = 3_000;
/** A world in which this does not suffice has come to a stop. */
const MOST_STEPS = 50_000;

export class StreamWorld {
  readonly room = new RoomForTest();
  producer: RawProducer;
  readonly readers: readonly Reader[];
  readonly tally = { crashes: 0, hibernations: 0, pauses: 0, cuts: 0, takeovers: 0 };
  /** How long after it was made a token was shown, in milliseconds: of readers that were never cut. */
  readonly delays: number[] = [];
  readonly random: () => number;
  /** Written since all were there, as they are billed. */
  readonly rows: () => number;
  readonly #faults: string[] = [];
  /** All that a producer ever wrote. */
  readonly #answers: Set<ToyAnswer>;
  readonly #everyMs: number;
  #person: Person | undefined;
  #producerAwayUntil = 0;
  /** When each token was made, by its number. */
  readonly #madeAt: number[] = [];
  #measures = true;

  constructor({ seed, tokens, everyMs = 30, readers = 1 }: StreamWorldOptions) {
    this.random = seededRandom(seed);
    this.#everyMs = everyMs;
    this.producer = new RawProducer(new ToyAnswer(seed, tokens), () => this.room.now);
    this.#answers = new Set([this.producer.answer]);
    const seats = Array.from({ length: readers }, (_, at) => [
      ...SOCKET_KINDS.map((kind) => new SocketSeat(this.room, `${kind.replace(" ", "_")}${at}`, kind)),
      new SessionSeat(this.room, `session${at}`, this.random),
    ]).flat();
    this.readers = seats.map((seat) => ({ seat, reader: this.#readerOf(seat), awayUntil: 0 }));
    const rows = countRows(this.room.database);
    // The others are there when it begins.
    this.#producerAwayUntil = this.room.now + 1;
    this.step(0);
    const before = rows();
    this.rows = () => rows() - before;
    this.step(1);
  }

  /** Time passes; what is due is done, and what was sent arrives. */
  step(ms: number): void {
    const until = this.room.now + ms;
    for (let due = this.room.dueAt; due !== null && due < until; due = this.#dueAfter(this.room.now)) {
      this.room.now = Math.max(due, this.room.now);
      this.#turn();
    }
    this.room.now = until;
    this.#turn();
  }

  /** The model makes a token, and time passes until the next one. */
  token(): void {
    this.producer.make();
    this.#madeAt[this.producer.made] = this.room.now;
    this.#turn();
    this.step(this.#everyMs);
  }

  /** What the producer still has to say, and until everybody has heard it. */
  finish(): void {
    for (let steps = 0; !this.isOver; steps += 1) {
      if (steps > MOST_STEPS) throw new Error(`it never ended: ${this.#standing}`);
      if (this.producer.made < this.producer.answer.count) this.token();
      else this.step(this.#everyMs);
      // As the alarm does, for a session that was not reached.
      if (steps % SWEEP_EVERY === SWEEP_EVERY - 1) this.room.room.sweepOnAlarm(this.room.now);
    }
  }

  get isOver(): boolean {
    const { producer, readers } = this;
    const { text } = producer.answer;
    return (
      producer.isOver &&
      readers.every(({ reader: { shown } }) => shown?.stream === "complete" && shown.data?.text === text)
    );
  }

  /** The object's memory is gone: after a sleep, or with its sockets. */
  restart(how: "hibernate" | "crash"): void {
    this.tally[how === "crash" ? "crashes" : "hibernations"] += 1;
    if (how === "crash") {
      this.#measures = false;
      // What had left the object is on its way, and comes in part.
      this.#person?.socket.frames.splice(Math.floor(this.random() * 4));
      this.#hearProducer();
      this.#person = undefined;
      this.producer.lost();
      this.#producerAwayUntil = this.#later();
    }
    for (const { seat, reader } of this.readers) {
      const wasConnected = seat.isConnected;
      if (how === "crash")
        for (const frame of seat.take(Math.floor(this.random() * 3))) reader.receives(frame);
      seat.restarted(how);
      if (wasConnected && !seat.isConnected) reader.lost();
    }
    for (const one of this.readers) if (!one.seat.isConnected) one.awayUntil = this.#later();
    this.room.restart(how);
  }

  cutProducer(isNoticed = this.random() < 0.5): void {
    this.tally.cuts += 1;
    this.#measures = false;
    const person = this.#person;
    this.#person = undefined;
    this.producer.lost();
    if (isNoticed) person?.leave("lost");
    this.#producerAwayUntil = this.#later();
  }

  /** Another producer goes on, otherwise than the one before would have. */
  takeOver(seed: number): void {
    if (this.producer.seq === undefined || !this.producer.hasTakenOver || this.producer.isOver) return;
    this.tally.takeovers += 1;
    this.cutProducer();
    this.producer = RawProducer.after(this.producer, seed);
  }

  /** Of what was sent a part may still come. Its client waits for at most `awayMs`. */
  cut(one: Reader, awayMs = AWAY_MS): void {
    this.tally.cuts += 1;
    this.#measures = false;
    if (this.random() < 0.5) for (const frame of one.seat.take(1)) one.reader.receives(frame);
    one.seat.cut(this.random() < 0.5);
    one.reader.lost();
    one.awayUntil = this.#later(awayMs);
  }

  get faults(): readonly unknown[] {
    return [
      ...this.producer.faults,
      ...this.readers.flatMap(({ reader }) => reader.faults),
      ...this.room.faults,
      ...this.#faults,
    ];
  }

  #later(mostMs = AWAY_MS): number {
    return this.room.now + Math.floor(this.random() * mostMs);
  }

  #dueAfter(now: number): number | null {
    const due = this.room.dueAt;
    return due !== null && due > now ? due : null;
  }

  #turn(): void {
    this.#connectAll();
    this.room.flush();
    this.#carry();
    this.#hearAll();
    // What that caused: an end, a join, what the producer says next.
    if (!this.room.room.hasWork) return;
    this.room.flush();
    this.#carry();
    this.#hearAll();
  }

  #connectAll(): void {
    const { now } = this.room;
    if (this.#person?.socket.closed !== undefined)
      this.#faults.push(`the producer was closed: ${this.#person.socket.closed.reason}`);
    if (this.#person === undefined && now >= this.#producerAwayUntil)
      this.#person = this.room.connect(PRODUCER, { history: 0 });
    for (const { seat, reader, awayUntil } of this.readers) {
      if (seat.isConnected || now < awayUntil) continue;
      const says = this.random();
      // Some forget what they have, or say nothing of it.
      const since = says < 0.2 ? undefined : reader.cursor;
      const from = { since, ...(says < 0.6 && { have: reader.have }) };
      seat.connect(from);
    }
  }

  /** Items of sessions go to their seats. */
  #carry(): void {
    const items = this.room.effects.splice(0).flatMap(({ deliveries }) => deliveries);
    for (const { user, item } of items)
      for (const { seat } of this.readers)
        if (seat instanceof SessionSeat && seat.name === user) seat.add(item);
    for (const { seat } of this.readers) seat.flushed();
  }

  #hearAll(): void {
    this.#hearProducer();
    for (const { seat, reader } of this.readers) {
      const had = reader.shown?.n ?? 0;
      // A client that polls asks now and then.
      if (seat.name.startsWith("polled") && this.random() < 0.7) continue;
      for (const frame of seat.take()) reader.receives(frame);
      this.#measure(seat, had, reader.shown?.n ?? 0);
    }
  }

  #hearProducer(): void {
    const person = this.#person;
    if (person === undefined) return;
    for (const event of person.socket.take()) {
      if (event.type === "connected")
        this.producer.connected(`${event.epoch}.${event.head}`, (command) => person.say(command));
      else this.producer.receives(event);
    }
  }

  /** Of those whose frames arrive at once. */
  #measure({ name }: Seat, had: number, has: number): void {
    if (!this.#measures || name.startsWith("session") || name.startsWith("polled")) return;
    if (!Number.isFinite(has)) return;
    for (let n = had + 1; n <= has; n += 1) this.delays.push(this.room.now - (this.#madeAt[n] ?? Number.NaN));
  }

  #readerOf(seat: Seat): RawReader {
    return new RawReader({
      name: seat.name,
      mayHearTwice: seat instanceof SessionSeat,
      judge: ({ seq, data, n, stream }) => {
        if (seq !== this.producer.seq && this.producer.seq !== undefined) return `${seq} is another message`;
        this.#answers.add(this.producer.answer);
        const text = data?.text ?? "";
        const wrong = [...this.#answers].map((answer) =>
          differenceOf(answer, text, stream === "open" ? n : answer.count),
        );
        // That of the one that writes now.
        return wrong.includes(undefined) ? undefined : wrong.at(-1);
      },
    });
  }

  get #standing(): string {
    const { made, saved, most, isOver } = this.producer;
    const shown = this.readers.map(({ reader: { name, shown, isLive } }) => {
      return `${name} ${isLive ? "live" : "away"} ${shown?.stream} ${shown?.n}`;
    });
    return `${JSON.stringify({ made, saved, most, isOver })}; ${shown.join(", ")}`;
  }
}
