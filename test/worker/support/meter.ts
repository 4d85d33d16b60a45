// Counts what an object is billed for, as the runtime does: rows by the cursors of the storage API, a row for each
// `setAlarm`, requests and incoming messages by the calls of the runtime. Another billed item is another field of
// `Usage`.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { onTestFinished } from "vitest";
import { type AnyStub, configure, interceptSql, type Settings } from "./objects.ts";

export interface Usage {
  readonly rowsRead: number;
  /** Includes the rows of alarms. */
  readonly rowsWritten: number;
  /** The number of `setAlarm` calls: each is a row written. */
  readonly alarmsSet: number;
  /** Connects, calls over RPC, and alarms that ran. */
  readonly requests: number;
  /** Frames that came over sockets and reached the object: 20 are billed as one request. */
  readonly messages: number;
}

export interface Meter {
  /** The usage since the previous call. */
  take(): Promise<Usage>;
  /** Puts the object to sleep as the runtime does, with its sockets open; the cost of its wake is counted too. */
  sleep(): Promise<void>;
}

type Cursor = SqlStorageCursor<Record<string, SqlStorageValue>>;
type Method = (...args: unknown[]) => unknown;

/** Events that are not billed; what they do is. */
const FREE = ["constructor", "webSocketClose", "webSocketError"];

/** Counts what this object uses from now on; `settings` are its own, also after it slept. */
export async function measure(stub: AnyStub, settings: Settings = {}): Promise<Meter> {
  let cursors: Cursor[] = [];
  let rowsRead = 0;
  let rowsWritten = 0;
  let alarmsSet = 0;
  let requests = 0;
  let messages = 0;

  async function watchStorage(): Promise<void> {
    await configure(stub, settings);
    await interceptSql(stub, (_, run) => {
      const cursor = run() as Cursor;
      cursors.push(cursor);
      return cursor;
    });
    await runInDurableObject<DurableObject, void>(stub, (_, { storage }) => {
      const setAlarm = storage.setAlarm.bind(storage);
      const value = (...args: Parameters<typeof setAlarm>) => {
        alarmsSet++;
        return setAlarm(...args);
      };
      Object.defineProperty(storage, "setAlarm", { configurable: true, value });
    });
  }

  async function watchCalls(): Promise<void> {
    const prototype = await runInDurableObject<DurableObject, object>(stub, (object) =>
      Object.getPrototypeOf(object),
    );
    for (const name of Object.getOwnPropertyNames(prototype).filter((own) => !FREE.includes(own))) {
      const method: Method = Reflect.get(prototype, name);
      const value = function (this: { readonly ctx: DurableObjectState }, ...args: unknown[]) {
        if (this.ctx.id.equals(stub.id) && name === "webSocketMessage") messages++;
        else if (this.ctx.id.equals(stub.id)) requests++;
        return Reflect.apply(method, this, args);
      };
      Reflect.set(prototype, name, value);
      onTestFinished(() => {
        Reflect.set(prototype, name, method);
      });
    }
  }

  /** A cursor that was not read to its end can be read only inside its object, and only until the object sleeps. */
  const addUp = (): Promise<void> =>
    runInDurableObject<DurableObject, void>(stub, () => {
      for (const cursor of cursors) {
        rowsRead += cursor.rowsRead;
        rowsWritten += cursor.rowsWritten;
      }
      cursors = [];
    });

  await watchCalls();
  await watchStorage();
  return {
    async take() {
      await addUp();
      const used = { rowsRead, rowsWritten: rowsWritten + alarmsSet, alarmsSet, requests, messages };
      rowsRead = rowsWritten = alarmsSet = requests = messages = 0;
      return used;
    },
    async sleep() {
      await addUp();
      await evictDurableObject(stub, { webSockets: "hibernate" });
      await watchStorage();
    },
  };
}
