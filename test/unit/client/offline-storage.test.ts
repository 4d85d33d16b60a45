import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IndexedDbStorage } from "../../../client/offline/indexed-db-storage.ts";
import { MemoryStorage } from "../../../client/offline/memory-storage.ts";
import type { OfflineStorage } from "../../../client/offline/offline-storage.ts";
import { STORAGE_CONTRACT } from "../../support/storage-contract.ts";

const put = (storage: OfflineStorage, key: string, value: unknown) => storage.update([key], () => [value]);

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  return () => vi.unstubAllGlobals();
});

describe("a storage in memory", () => {
  it.each(STORAGE_CONTRACT.filter(({ needsReload }) => !needsReload))("[C170] $title", async ({ run }) => {
    const { got, due } = await run(() => new MemoryStorage());
    expect(got).toEqual(due);
  });
});

describe("a storage in IndexedDB", () => {
  it.each(STORAGE_CONTRACT)("[C170] $title", async ({ run }) => {
    const { got, due } = await run(() => new IndexedDbStorage("contract"));
    expect(got).toEqual(due);
  });

  it("[C170] goes on with another database where the browser has evicted the first", async () => {
    const storage = new IndexedDbStorage("evicted");
    await put(storage, "a", 1);
    await new Promise((resolve) => {
      // Deleted by another tab: this one closes its connection, or the deletion would wait.
      indexedDB.deleteDatabase("evicted").onsuccess = resolve;
    });
    await put(storage, "b", 2);
    expect(await storage.list("")).toEqual([{ key: "b", value: 2 }]);
  });

  it("[C252] is opened once more where several calls find that the browser has closed it", async () => {
    const storage = new IndexedDbStorage("closed");
    const opened = vi.spyOn(indexedDB, "open");
    await put(storage, "a", 1);
    const request = await opened.mock.results[0]?.value;
    request.result.close();
    await Promise.all(["b", "c", "d"].map((key) => put(storage, key, 1)));
    expect([opened.mock.calls.length, (await storage.list("")).length]).toEqual([2, 4]);
  });

  it("[C252] is left alone where it is of a newer version", async () => {
    await new Promise<void>((resolve) => {
      const request = indexedDB.open("newer", 2);
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await expect(put(new IndexedDbStorage("newer"), "a", 1)).rejects.toMatchObject({ name: "VersionError" });
  });

  it.each([
    [
      "throws",
      () => {
        throw new DOMException("blocked", "SecurityError");
      },
      "blocked",
    ],
    ["never answers", () => ({}), "IndexedDB did not open in time."],
  ])("[C170] rejects where the browser %s, and tries again later", async (_, open, message) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const storage = new IndexedDbStorage("blocked");
    const opened = vi.spyOn(indexedDB, "open").mockImplementation(open as () => IDBOpenDBRequest);
    const failed = expect(put(storage, "a", 1)).rejects.toThrow(message);
    await vi.runAllTimersAsync();
    await failed;
    opened.mockRestore();
    vi.useRealTimers();
    await put(storage, "a", 1);
    expect(await storage.list("")).toEqual([{ key: "a", value: 1 }]);
  });

  afterEach(() => {
    vi.useRealTimers();
  });
});
