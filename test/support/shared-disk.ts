// One storage that several tabs share, with faults: a write that fails, one that is done and not told, a full disk, which
// only deletes, a tab that dies or stands still. Each step takes one turn of promises, as a transaction would.

import type { OfflineStorage, StoredEntry } from "../../client/offline/offline-storage.ts";

/** What becomes of a write. `untold`: it is done, and its promise rejects. */
export type WriteFate = "done" | "failed" | "untold";

export class SharedDisk {
  #values = new Map<string, unknown>();
  readonly #tabs = new Map<DiskTab, string>();
  /** Until there is room again, a transaction that puts anything fails as a whole. */
  isFull = false;
  /** Asked before each write. */
  fate: () => WriteFate = () => "done";

  open(): DiskTab {
    return new DiskTab(this);
  }

  /** The browser evicts all that it has. */
  evict(): void {
    this.#values = new Map();
  }

  keys(prefix = ""): readonly string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  list(prefix: string): readonly StoredEntry[] {
    return this.keys(prefix).map((key) => ({ key, value: structuredClone(this.#values.get(key)) }));
  }

  write(keys: readonly string[], change: (values: readonly unknown[]) => readonly unknown[]): void {
    const fate = this.fate();
    if (fate === "failed") throw new DOMException("", "QuotaExceededError");
    const before = keys.map((key) => structuredClone(this.#values.get(key)));
    const values = change(before);
    if (this.isFull && values.some((value, index) => value !== undefined && value !== before[index]))
      throw new DOMException("", "QuotaExceededError");
    for (const [index, key] of keys.entries()) {
      if (values[index] === undefined) this.#values.delete(key);
      else this.#values.set(key, structuredClone(values[index]));
    }
    if (fate === "untold") throw new DOMException("", "UnknownError");
  }

  join(tab: DiskTab, name: string): void {
    this.#tabs.set(tab, name);
  }

  leave(tab: DiskTab): void {
    this.#tabs.delete(tab);
  }

  alive(): readonly string[] {
    return [...this.#tabs.values()];
  }

  tell(from: DiskTab): void {
    for (const tab of this.#tabs.keys()) if (tab !== from) tab.onChange(false);
  }
}

/** The storage as one tab has it. */
export class DiskTab implements OfflineStorage {
  readonly #disk: SharedDisk;
  #state: "runs" | "stands still" | "dead" = "runs";
  #name = "";
  #resume: () => void = () => {};
  #stopped: Promise<void> | undefined;
  #silent: Promise<void> | undefined;
  #end: () => void = () => {};
  #arrive: () => void = () => {};
  onChange: (stoodStill: boolean) => void = () => {};

  constructor(disk: SharedDisk) {
    this.#disk = disk;
  }

  readonly tabs = {
    join: (name: string, onChange: (stoodStill: boolean) => void) => {
      this.#name = name;
      this.onChange = (stoodStill) => this.#state === "runs" && onChange(stoodStill);
      if (this.#state === "runs") this.#disk.join(this, name);
      return () => this.#disk.leave(this);
    },
    alive: async (): Promise<readonly string[] | undefined> => this.#disk.alive(),
    tell: () => this.#disk.tell(this),
  };

  async list(prefix: string): Promise<readonly StoredEntry[]> {
    await this.#turn();
    return this.#disk.list(prefix);
  }

  async update(
    keys: readonly string[],
    change: (values: readonly unknown[]) => readonly unknown[],
  ): Promise<void> {
    await this.#turn();
    this.#arrive = () => this.#disk.write(keys, change);
    await this.#silent;
    this.#disk.write(keys, change);
    await this.#turn();
  }

  async clear(prefix: string): Promise<void> {
    const keys = this.#disk.keys(prefix);
    await this.update(keys, () => keys.map(() => undefined));
  }

  /** Whatever it does from now on has no effect, and it is told of nothing. */
  die(): void {
    this.#state = "dead";
    this.#stopped = new Promise(() => {});
    this.#disk.leave(this);
  }

  /** The page is frozen: nothing goes on until `wake`. */
  freeze(): void {
    if (this.#state !== "runs") return;
    this.#state = "stands still";
    this.#stopped = new Promise((resolve) => {
      this.#resume = resolve;
    });
    this.#disk.leave(this);
  }

  /** From now on no write ends until `wake`. */
  hang(): void {
    this.#silent = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The write that hangs is done, and not told. */
  arrive(): void {
    this.#arrive();
  }

  wake(): void {
    this.#silent = undefined;
    this.#end();
    if (this.#state !== "stands still") return;
    this.#state = "runs";
    this.#stopped = undefined;
    this.#resume();
    this.#disk.join(this, this.#name);
    this.onChange(true);
  }

  async #turn(): Promise<void> {
    await undefined;
    await this.#stopped;
  }
}
