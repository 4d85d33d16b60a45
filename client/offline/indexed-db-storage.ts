// The storage of a browser. Each transaction is committed right after its last request: one that only ran out would be
// lost with a reload, and a page that is frozen before its end would keep all other tabs waiting.

import { BrowserTabs } from "./browser-tabs.ts";
import type { OfflineStorage, StorageTabs, StoredEntry } from "./offline-storage.ts";

const STORE = "kept";
/** Never raised: an older tab that stands still would block it. What is new gets a key of its own. */
const VERSION = 1;
/** An `open` that waits for a tab which stands still says nothing. */
const OPEN_WITHIN_MS = 2_000;

/** Makes requests, and calls `finish` once as the last of those that read succeeds: `result` may make more. */
type Work<Result> = (store: IDBObjectStore, finish: (result: () => Result) => void) => void;

export class IndexedDbStorage implements OfflineStorage {
  readonly tabs: StorageTabs;
  readonly #name: string;
  #opening: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
    this.tabs = new BrowserTabs(name);
  }

  list(prefix: string): Promise<readonly StoredEntry[]> {
    const range = rangeOf(prefix);
    return this.#run("readonly", (store, finish) => {
      const keys = store.getAllKeys(range);
      const values = store.getAll(range);
      values.onsuccess = () =>
        finish(() => keys.result.map((key, index) => ({ key: String(key), value: values.result[index] })));
    });
  }

  async update(
    keys: readonly string[],
    change: (values: readonly unknown[]) => readonly unknown[],
  ): Promise<void> {
    if (keys.length === 0) return;
    await this.#run<void>("readwrite", (store, finish) => {
      const requests = keys.map((key) => store.get(key));
      const last = requests.at(-1);
      if (last === undefined) return;
      last.onsuccess = () =>
        finish(() => {
          const before = requests.map(({ result }): unknown => result);
          const after = change(before);
          for (const [index, key] of keys.entries()) {
            const value = after[index];
            // A transaction that only deletes also works where the disk is full.
            if (value === undefined) store.delete(key);
            else if (value !== before[index]) store.put(value, key);
          }
        });
    });
  }

  async clear(prefix: string): Promise<void> {
    await this.#run<void>("readwrite", (store, finish) => {
      store.delete(rangeOf(prefix)).onsuccess = () => finish(() => {});
    });
  }

  async #run<Result>(mode: IDBTransactionMode, work: Work<Result>): Promise<Result> {
    const opening = this.#open();
    const db = await opening;
    try {
      return await transact(db, mode, work);
    } catch (error) {
      // The browser has closed it, perhaps as it evicted what was stored: another `open` makes it anew.
      if (nameOf(error) !== "InvalidStateError") throw error;
      // Another call may have opened it again already.
      if (this.#opening === opening) this.#opening = undefined;
      return transact(await this.#open(), mode, work);
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = openDatabase(this.#name, () => forget());
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.catch(forget);
    this.#opening = opening;
    return opening;
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "");

/** No key has U+FFFF, which is no character. */
const rangeOf = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, `${prefix}\uffff`);

function transact<Result>(db: IDBDatabase, mode: IDBTransactionMode, work: Work<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    // `strict`: what is shown as kept survives a loss of power.
    const transaction = db.transaction(STORE, mode, { durability: "strict" });
    let end = () => {};
    let thrown: unknown;
    // Not the success of a request: what succeeds may still be taken back.
    transaction.oncomplete = () => end();
    transaction.onabort = () =>
      reject(thrown ?? transaction.error ?? new Error("The transaction was aborted."));
    work(transaction.objectStore(STORE), (result) => {
      try {
        const value = result();
        end = () => resolve(value);
        transaction.commit();
      } catch (error) {
        thrown = error;
        transaction.abort();
      }
    });
  });
}

/** `onClose` is called when an open one is closed: then the next use opens it again. */
function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const fail = (error: unknown) => {
      isLate = true;
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error("IndexedDB did not open in time.")), OPEN_WITHIN_MS);
    try {
      // Where site data is blocked, to name it throws already.
      const request = indexedDB.open(name, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => fail(request.error);
      request.onsuccess = () => {
        const db = request.result;
        if (isLate) return db.close();
        clearTimeout(timer);
        db.onclose = onClose;
        // Another tab deletes it, or has newer code.
        db.onversionchange = () => {
          db.close();
          onClose();
        };
        resolve(db);
      };
    } catch (error) {
      fail(error);
    }
  });
}
