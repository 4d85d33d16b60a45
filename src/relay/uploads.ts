// What a relay sends its room: one call is under way at a time, and what comes meanwhile goes with the next one.

import { type RetryPorts, retry } from "../object/retry.ts";
import type { RoomConnectionState } from "../room/people/room-connection.ts";
import type { Dispatch, RelayCount, Upload, UploadAnswer, UploadItem } from "../room/relays/relay-calls.ts";

export interface UploadsPorts extends RetryPorts {
  upload(upload: Upload): Promise<UploadAnswer>;
  sums(): RelayCount;
  /** What was not said yet. */
  counted(): Upload["counted"];
  /** The number of the last dispatch of this life of the room. */
  seen(life: string | null): number;
  /** What became of items is unknown, or they did not reach the room: their connections must end. */
  inDoubt(ids: ReadonlySet<string>): void;
  /** The room has made dispatches up to this one, in a life that may end before it sends them. */
  owes(life: string, number: number): void;
  /** These were taken. */
  taken(items: readonly UploadItem[]): void;
  failed(error: unknown): void;
}

const TRIES = 4;
/** Far more than come in the time of a call. */
const MAX_ITEMS = 1_000;

type FramesItem = Extract<UploadItem, { kind: "frames" }>;

export class Uploads {
  readonly #relay: number;
  readonly #relayLife: string;
  readonly #ports: UploadsPorts;
  #items: UploadItem[] = [];
  /** The last item of each connection that more frames can join. */
  #frames = new Map<string, FramesItem>();
  #number = 0;
  /** Of the room's object, as far as it is known. */
  #life: string | null = null;
  readonly #over = new Set<string>();
  /** Connections with something that the room has, and that is not done: the list that it made last. */
  #waiting: readonly string[] = [];
  #waitingAs = 0;
  #running: Promise<void> | undefined;
  /** What was counted, and said to a life of the room that took nothing. */
  #uncounted: Upload["counted"] = [];
  /** The last call did not reach the room. */
  #hasFailed = false;

  constructor(relay: number, relayLife: string, ports: UploadsPorts) {
    this.#relay = relay;
    this.#relayLife = relayLife;
    this.#ports = ports;
  }

  add(item: Exclude<UploadItem, FramesItem>): void {
    this.#items.push(item);
    this.#frames.delete(idOf(item));
    this.#start();
  }

  addFrame(connection: Pick<FramesItem, "state" | "unsent">, frame: string | ArrayBuffer): void {
    const { id } = connection.state;
    const before = this.#frames.get(id);
    if (before === undefined) {
      const item: FramesItem = { kind: "frames", ...connection, frames: [frame] };
      this.#frames.set(id, item);
      this.#items.push(item);
    } else before.frames.push(frame);
    this.#start();
  }

  /** Settles when nothing is to be sent. */
  get settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** The room has closed connections: what they sent takes no effect. */
  forget(isClosed: (state: RoomConnectionState) => boolean): void {
    this.#items = this.#items.filter((item) => {
      if (item.kind !== "frames" || !isClosed(item.state)) return true;
      this.#frames.delete(item.state.id);
      return false;
    });
  }

  get areUnderWay(): boolean {
    return this.#running !== undefined;
  }

  /** The room is heard of. What waited in an earlier life of its object is in doubt. */
  heard({ life, waiting, waitingAs }: Pick<Dispatch, "life" | "waiting" | "waitingAs">): void {
    if (this.isOver(life)) {
      this.#doubt(waiting);
      return;
    }
    // A dispatch and the answer to an upload may overtake each other.
    if (this.#life === life && waitingAs <= this.#waitingAs) return;
    const [before, doubtful] = [this.#life, this.#waiting];
    this.#life = life;
    this.#waiting = waiting;
    this.#waitingAs = waitingAs;
    if (before === null || before === life) return;
    this.#over.add(before);
    this.#doubt(doubtful);
  }

  /** Whether this life of the room's object is over: another one was heard of after it. */
  isOver(life: string): boolean {
    return this.#over.has(life);
  }

  #doubt(ids: readonly string[]): void {
    if (ids.length > 0) this.#ports.inDoubt(new Set(ids));
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What comes in the same moment goes along.
    await this.#ports.wait(0);
    do {
      const items = this.#items.splice(0, MAX_ITEMS);
      this.#frames.clear();
      await this.#send(items);
    } while (this.#items.some(({ kind }) => kind !== "left" || !this.#hasFailed));
    this.#running = undefined;
  }

  /** `isAgain`: a life of the room has refused them. */
  async #send(items: readonly UploadItem[], isAgain = false): Promise<void> {
    const { upload, sums, counted, failed, inDoubt, owes, taken } = this.#ports;
    const batch = {
      ...{ relay: this.#relay, relayLife: this.#relayLife, number: ++this.#number },
      ...{ life: this.#life, seen: this.#ports.seen(this.#life), items },
      counted: [...this.#uncounted, ...counted()],
    };
    this.#uncounted = [];
    let tries = 0;
    this.#hasFailed = false;
    try {
      const answer = await retry(
        () => {
          tries++;
          return upload({ ...batch, sums: sums() });
        },
        // The life of the room that a first try came to is not known: a further one may come to another, which would take it again.
        this.#life === null ? 1 : TRIES,
        this.#ports,
      );
      if (answer.kind === "taken") {
        this.heard(answer);
        owes(answer.life, answer.dispatched);
        taken(items);
        return;
      }
      this.heard({ life: answer.life, waiting: [], waitingAs: 0 });
      // If it was tried once, that life has refused it, and no other has seen it. A room that dies again and again is not
      // called without a pause: the clients come back, each in its own time.
      if (tries === 1) this.#uncounted = batch.counted;
      if (tries === 1 && !isAgain) return await this.#send(items, true);
    } catch (error) {
      this.#hasFailed = true;
      failed(error);
    }
    // Who is gone is gone, whenever the room hears of it.
    this.#items.unshift(...items.filter(({ kind }) => kind === "left"));
    inDoubt(new Set(items.map(idOf)));
    taken(items);
  }
}

const idOf = (item: UploadItem): string =>
  item.kind === "join" || item.kind === "left" ? item.id : item.state.id;
