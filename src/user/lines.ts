type Task = () => Promise<unknown>;

/** In UTF-16 units: what waits for one room, two of the largest frames. */
const MAX_WAITING = 2 * 1_048_576;

interface Line {
  /** Frames that the last task of the line will take along. */
  gathering: { readonly frames: string[]; length: number } | undefined;
  tasks: number;
  tail: Promise<void>;
}

/** Work that has to be done one after the other, in lines of their own: a room is called by a session once at a time. */
export class Lines {
  readonly #reportFault: (error: unknown) => void;
  readonly #lines = new Map<string, Line>();

  constructor(reportFault: (error: unknown) => void) {
    this.#reportFault = reportFault;
  }

  add(name: string, task: Task): void {
    const line = this.#of(name);
    line.gathering = undefined;
    this.#append(name, line, task);
  }

  /** Frames that wait go together. `false`: too much waits already, and this one is not taken. */
  addFrame(name: string, frame: string, send: (frames: readonly string[]) => Promise<unknown>): boolean {
    const line = this.#of(name);
    let { gathering } = line;
    if (gathering === undefined) {
      const gathered = { frames: [frame], length: frame.length };
      gathering = gathered;
      line.gathering = gathered;
      this.#append(name, line, () => {
        if (line.gathering === gathered) line.gathering = undefined;
        return send(gathered.frames);
      });
      return true;
    }
    if (gathering.length + frame.length > MAX_WAITING) return false;
    gathering.frames.push(frame);
    gathering.length += frame.length;
    return true;
  }

  #of(name: string): Line {
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = { gathering: undefined, tasks: 0, tail: Promise.resolve() };
      this.#lines.set(name, line);
    }
    return line;
  }

  #append(name: string, line: Line, task: Task): void {
    line.tasks++;
    line.tail = line.tail.then(async () => {
      try {
        await task();
      } catch (error) {
        this.#reportFault(error);
      }
      line.tasks--;
      if (line.tasks === 0) this.#lines.delete(name);
    });
  }
}
