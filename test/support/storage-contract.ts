// What every storage of an outbox must do. Plain functions without a test runner, as they also run in a page. `make` opens
// the same storage again with each call, as a reload does, and each check gets one of its own.

import type { OfflineStorage } from "../../client/offline/offline-storage.ts";

export interface StorageCheck {
  readonly title: string;
  /** Only for those that outlive the object. */
  readonly needsReload?: boolean;
  run(make: () => OfflineStorage): Promise<{ readonly got: unknown; readonly due: unknown }>;
}

const put = (storage: OfflineStorage, key: string, value: unknown) => storage.update([key], () => [value]);
const valuesOf = async (storage: OfflineStorage, prefix: string) =>
  (await storage.list(prefix)).map(({ value }) => value);
const add = (value: unknown) => [Number(value ?? 0) + 1];

export const STORAGE_CONTRACT: readonly StorageCheck[] = [
  {
    title: "lists what begins with a prefix, in the order of the keys",
    async run(make) {
      const storage = make();
      for (const key of ["a/2", "a/10", "b/1", "a/1", "a", "aa/1"]) await put(storage, key, key);
      const due = ["a/1", "a/10", "a/2"].map((key) => ({ key, value: key }));
      return { got: [await storage.list("a/"), await storage.list("c")], due: [due, []] };
    },
  },
  {
    title: "keeps every value that JSON has, as it was",
    async run(make) {
      const storage = make();
      const value = { text: "é \u{1F600}", n: -0.5, list: [null, true, "", { deep: [] }] };
      await put(storage, "k", value);
      value.text = "changed later";
      const first = await valuesOf(storage, "k");
      if (typeof first[0] === "object" && first[0] !== null) Object.assign(first[0], { text: "changed" });
      return {
        got: await valuesOf(storage, "k"),
        due: [{ ...value, text: "é \u{1F600}" }],
      };
    },
  },
  {
    title: "gives a change what stands there, and sets what it returns",
    async run(make) {
      const storage = make();
      await put(storage, "a", 1);
      const seen: unknown[] = [];
      await storage.update(["a", "b"], (values) => {
        seen.push([...values]);
        return [undefined, 2];
      });
      return { got: [seen.at(-1), await storage.list("")], due: [[1, undefined], [{ key: "b", value: 2 }]] };
    },
  },
  {
    title: "does all of a change or nothing",
    async run(make) {
      const storage = make();
      await put(storage, "a", 1);
      const failed = await storage
        .update(["a", "b"], () => {
          throw new Error("the change failed");
        })
        .then(
          () => "done",
          (error: unknown) => String(error),
        );
      return {
        got: [failed, await storage.list("")],
        due: ["Error: the change failed", [{ key: "a", value: 1 }]],
      };
    },
  },
  {
    title: "takes overlapping changes one after the other",
    async run(make) {
      const [storage, other] = [make(), make()];
      const changes = Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? storage : other).update(["n"], ([value]) => add(value)),
      );
      await Promise.all(changes);
      return { got: await valuesOf(storage, "n"), due: [20] };
    },
    needsReload: true,
  },
  {
    title: "clears what begins with a prefix",
    async run(make) {
      const storage = make();
      for (const key of ["a/1", "a/2", "b/1"]) await put(storage, key, key);
      await storage.clear("a/");
      return { got: await storage.list(""), due: [{ key: "b/1", value: "b/1" }] };
    },
  },
  {
    title: "changes nothing where no key is named",
    async run(make) {
      const storage = make();
      await storage.update([], () => []);
      return { got: await storage.list(""), due: [] };
    },
  },
  {
    title: "has what was kept after it was opened again",
    async run(make) {
      await put(make(), "a", { kept: true });
      return { got: await valuesOf(make(), "a"), due: [{ kept: true }] };
    },
    needsReload: true,
  },
];
