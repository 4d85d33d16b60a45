import type { OfflineStorage, StoredEntry } from "./offline-storage.ts";

/** Ends with its process: for where nothing can be kept, and for tests. */
export class MemoryStorage implements OfflineStorage {
  readonly #values = new Map<string, unknown>();

  async list(prefix: string): Promise<readonly StoredEntry[]> {
    return this.#keys(prefix).map((key) => ({ key, value: copyOf(this.#values.get(key)) }));
  }

  async update(
    keys: readonly string[],
    change: (values: readonly unknown[]) => readonly unknown[],
  ): Promise<void> {
    const values = change(keys.map((key) => copyOf(this.#values.get(key))));
    for (const [index, key] of keys.entries()) {
      if (values[index] === undefined) this.#values.delete(key);
      else this.#values.set(key, copyOf(values[index]));
    }
  }

  async clear(prefix: string): Promise<void> {
    for (const key of this.#keys(prefix)) this.#values.delete(key);
  }

  #keys(prefix: string): readonly string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** React Native has no `structuredClone`. */
const copyOf = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
