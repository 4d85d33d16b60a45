// What an object has published and sent, as sums: integers only, as each frame to each connection passes here.

/** What was published of one event. */
export interface Published {
  messages: number;
  signals: number;
  changes: number;
  notifications: number;
}

export type PublishedKind = keyof Published;

/** Of one flush. Text is counted in UTF-16 units, which are bytes where it is ASCII. */
export interface Traffic {
  /** By event. */
  readonly published: ReadonlyMap<string, Readonly<Published>>;
  /** Frames to connections, those with a replay included. */
  readonly frames: number;
  readonly bytes: number;
  readonly replays: number;
  readonly replayBytes: number;
}

export class TrafficMeter {
  #published = new Map<string, Published>();
  #frames = 0;
  #bytes = 0;
  #replays = 0;
  #replayBytes = 0;

  published(kind: PublishedKind, event: string): void {
    let known = this.#published.get(event);
    if (known === undefined) {
      known = { messages: 0, signals: 0, changes: 0, notifications: 0 };
      this.#published.set(event, known);
    }
    known[kind] += 1;
  }

  sent(frames: number, bytes: number): void {
    this.#frames += frames;
    this.#bytes += bytes;
  }

  /** What was sent since the last time, without the rest. */
  takeSent(): Pick<Traffic, "frames" | "bytes" | "replayBytes"> {
    const sent = { frames: this.#frames, bytes: this.#bytes, replayBytes: this.#replayBytes };
    this.#frames = this.#bytes = this.#replayBytes = 0;
    return sent;
  }

  replayed(bytes: number): void {
    this.#replays += 1;
    this.#replayBytes += bytes;
  }

  /** A part of a replay that is counted elsewhere. */
  replayedThere(bytes: number): void {
    this.#replayBytes += bytes;
  }

  /** The sums since the last time. */
  take(): Traffic {
    if (this.#frames === 0 && this.#published.size === 0 && this.#replays + this.#replayBytes === 0)
      return NO_TRAFFIC;
    const traffic = {
      published: this.#published,
      frames: this.#frames,
      bytes: this.#bytes,
      replays: this.#replays,
      replayBytes: this.#replayBytes,
    };
    this.#published = new Map();
    this.#frames = this.#bytes = this.#replays = this.#replayBytes = 0;
    return traffic;
  }
}

export const NO_TRAFFIC: Traffic = { published: new Map(), frames: 0, bytes: 0, replays: 0, replayBytes: 0 };
