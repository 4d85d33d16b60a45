// Work that is done one after the other, in a queue for each name: at most one task of a queue runs at a time. A session
// calls a room this way, and a room the object of a user.

type Task = () => Promise<unknown>;

/** Runs with the items gathered by then: `take` hands them out, and what comes later waits for the next task. */
export type GatheringTask<Item> = (take: () => readonly Item[]) => Promise<unknown>;

export interface SerialQueuesPorts {
  /** How many tasks of one queue may wait. */
  readonly maxTasks: number;
  /** How much may wait in one queue, in the unit of `gather`'s `length`. */
  readonly maxLength: number;
  /** A task rejected. The queue goes on. */
  reportFault(name: string, error: unknown): void;
}

interface SerialQueue<Item> {
  /** The items that the last task will take. */
  gathering: { readonly items: Item[]; length: number } | undefined;
  /** Of all items that wait. */
  length: number;
  tasks: number;
  tail: Promise<void>;
}

export class SerialQueues<Item> {
  readonly #ports: SerialQueuesPorts;
  readonly #queues = new Map<string, SerialQueue<Item>>();

  constructor(ports: SerialQueuesPorts) {
    this.#ports = ports;
  }

  /** `false`: too much waits already, and the task is not taken. */
  add(name: string, task: Task): boolean {
    const queue = this.#of(name);
    if (queue.tasks >= this.#ports.maxTasks) return false;
    queue.gathering = undefined;
    this.#append(name, queue, task);
    return true;
  }

  /** Items that wait together go together, with one task. `false`: too much waits already, and the item is not taken. */
  gather(name: string, item: Item, length: number, task: GatheringTask<Item>): boolean {
    const queue = this.#of(name);
    const { maxTasks, maxLength } = this.#ports;
    if (queue.tasks >= maxTasks || queue.length + length > maxLength) return false;
    queue.length += length;
    const { gathering } = queue;
    if (gathering !== undefined) {
      gathering.items.push(item);
      gathering.length += length;
      return true;
    }
    const gathered = { items: [item], length };
    queue.gathering = gathered;
    const take = (): readonly Item[] => {
      if (queue.gathering === gathered) queue.gathering = undefined;
      queue.length -= gathered.length;
      return gathered.items;
    };
    this.#append(name, queue, () => task(take));
    return true;
  }

  isBusy(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Settles when everything that waits in a queue now was done. */
  settled(name: string): Promise<void> {
    return this.#queues.get(name)?.tail ?? Promise.resolve();
  }

  #of(name: string): SerialQueue<Item> {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { gathering: undefined, length: 0, tasks: 0, tail: Promise.resolve() };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #append(name: string, queue: SerialQueue<Item>, task: Task): void {
    queue.tasks++;
    queue.tail = queue.tail.then(async () => {
      try {
        await task();
      } catch (error) {
        this.#ports.reportFault(name, error);
      }
      queue.tasks--;
      if (queue.tasks === 0) this.#queues.delete(name);
    });
  }
}
