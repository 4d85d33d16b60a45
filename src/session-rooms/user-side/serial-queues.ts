type Task = () => Promise<unknown>;

/** In UTF-16 units: what waits for one room, two of the largest frames. */
const MAX_WAITING = 2 * 1_048_576;

/** Of calls that wait for one room: a hundred joins and leaves are no use to anybody. */
const MAX_TASKS = 100;

/** What a session said to one of its rooms, and the ids of the commands in it. */
export interface SaidFrame {
  readonly frame: string;
  readonly ids: readonly string[];
}

interface SerialQueue {
  /** Frames that the last task of the line will take along. */
  gathering: { readonly frames: SaidFrame[]; length: number } | undefined;
  /** Of all frames that wait, in UTF-16 units. */
  length: number;
  tasks: number;
  tail: Promise<void>;
}

/** Work that has to be done one after the other, in lines of their own: a room is called by a session once at a time. */
export class SerialQueues {
  readonly #reportFault: (error: unknown, name: string) => void;
  readonly #queues = new Map<string, SerialQueue>();

  constructor(reportFault: (error: unknown, name: string) => void) {
    this.#reportFault = reportFault;
  }

  /** `false`: too much waits already, and this one is not taken. */
  add(name: string, task: Task): boolean {
    const line = this.#of(name);
    if (line.tasks >= MAX_TASKS) return false;
    line.gathering = undefined;
    this.#append(name, line, task);
    return true;
  }

  /** Frames that wait go together. `false`: too much waits already, and this one is not taken. */
  addFrame(name: string, said: SaidFrame, send: (frames: readonly SaidFrame[]) => Promise<unknown>): boolean {
    const line = this.#of(name);
    const { length } = said.frame;
    if (line.tasks >= MAX_TASKS || line.length + length > MAX_WAITING) return false;
    line.length += length;
    const { gathering } = line;
    if (gathering === undefined) {
      const gathered = { frames: [said], length };
      line.gathering = gathered;
      this.#append(name, line, () => {
        if (line.gathering === gathered) line.gathering = undefined;
        line.length -= gathered.length;
        return send(gathered.frames);
      });
      return true;
    }
    gathering.frames.push(said);
    gathering.length += length;
    return true;
  }

  #of(name: string): SerialQueue {
    let line = this.#queues.get(name);
    if (line === undefined) {
      line = { gathering: undefined, length: 0, tasks: 0, tail: Promise.resolve() };
      this.#queues.set(name, line);
    }
    return line;
  }

  #append(name: string, line: SerialQueue, task: Task): void {
    line.tasks++;
    line.tail = line.tail.then(async () => {
      try {
        await task();
      } catch (error) {
        this.#reportFault(error, name);
      }
      line.tasks--;
      if (line.tasks === 0) this.#queues.delete(name);
    });
  }
}
