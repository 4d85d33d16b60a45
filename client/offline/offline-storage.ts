// Where an outbox and a cache are kept. Browsers have `IndexedDbStorage`; an app elsewhere hands in its own.

import type { Cancel } from "../util/ports.ts";

/** What stands under one key. */
export interface StoredEntry {
  readonly key: string;
  /** What JSON can hold, never `undefined`. */
  readonly value: unknown;
}

/**
 * Keys and JSON values that outlive the process. A promise that resolves says that all of it is durable; one that
 * rejects leaves open whether it was done, and is tried again. Calls may overlap, and take effect in their order.
 *
 * @example
 * // React Native and Node have one process: no `tabs` are needed, and a chain of promises keeps the order.
 * declare const disk: { read(): Promise<Record<string, unknown>>; write(all: Record<string, unknown>): Promise<void> };
 * let last: Promise<unknown> = Promise.resolve();
 * const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
 *   const result = last.then(work);
 *   last = result.catch(() => {});
 *   return result;
 * };
 * const rewrite = (make: (all: Record<string, unknown>) => void) =>
 *   inOrder(async () => {
 *     const all = await disk.read();
 *     make(all);
 *     await disk.write(all); // durable, and whole or not at all
 *   });
 * const offline = keepOffline({
 *   storage: {
 *     list: (prefix) =>
 *       inOrder(async () =>
 *         Object.entries(await disk.read())
 *           .filter(([key]) => key.startsWith(prefix))
 *           .sort(([a], [b]) => (a < b ? -1 : 1))
 *           .map(([key, value]) => ({ key, value })),
 *       ),
 *     update: (keys, change) =>
 *       rewrite((all) => {
 *         const values = change(keys.map((key) => all[key]));
 *         keys.forEach((key, index) => {
 *           if (values[index] === undefined) delete all[key];
 *           else all[key] = values[index];
 *         });
 *       }),
 *     clear: (prefix) =>
 *       rewrite((all) => {
 *         for (const key of Object.keys(all)) if (key.startsWith(prefix)) delete all[key];
 *       }),
 *   },
 * });
 * const client = createClient({ url: "https://rooms.example.com", offline });
 */
export interface OfflineStorage {
  /** Every entry whose key begins with `prefix`, by key, ascending by UTF-16 units. */
  list(prefix: string): Promise<readonly StoredEntry[]>;
  /**
   * Sets the values under these keys, all or none: nobody else reads or writes them meanwhile. `change` is synchronous,
   * may be called again, gets what stands there and returns what shall stand there, in the order of the keys;
   * `undefined` is nothing. What it returns as it was need not be written. If it throws, nothing is changed, and the
   * promise rejects.
   */
  update(keys: readonly string[], change: (values: readonly unknown[]) => readonly unknown[]): Promise<void>;
  /** Removes every entry whose key begins with `prefix`. */
  clear(prefix: string): Promise<void>;
  /** Who else uses the same storage at this moment. Absent: this process is the only one. */
  readonly tabs?: StorageTabs;
}

/** The tabs of a browser, or the processes of an app, that share a storage. */
export interface StorageTabs {
  /**
   * From now on this tab is alive under a name that no other one has, except while it stands still. Calls `onChange`
   * after another tab called `tell`, and when this one goes on after it stood still.
   */
  join(name: string, onChange: (stoodStill: boolean) => void): Cancel;
  /** The names of the tabs that are alive; `undefined` where that cannot be known. */
  alive(): Promise<readonly string[] | undefined>;
  /** Says to the others that something was changed. May get lost. */
  tell(): void;
}
