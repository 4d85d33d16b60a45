// The whole Worker in this program: the code of `src`, its objects, and what the runtime does for them.

import { isRecord } from "../../../src/protocol/index.ts";
import type { Settling } from "../time/settling.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { copyForRpc } from "./streams-here.ts";
import type { TestSettings } from "./test-settings.ts";
import type { WebSocketEnd } from "./web-socket-pair.ts";
import makeWorkerCode, { type ObjectCode, type WorkerCode } from "./worker-code.js";
import { workerGlobals } from "./worker-globals.ts";
import { WorkerObject } from "./worker-object.ts";
import { WorkerRequest, type WorkerRequestInit } from "./worker-request.ts";
import type { WorkerResponse } from "./worker-response.ts";

export interface TestWorkerPorts {
  readonly settling: Settling;
  readonly settings: TestSettings;
  openDatabase(): SqlDatabase;
  random(): number;
}

type ObjectKind = "RoomObject" | "UserObject" | "RegistryObject";

export class TestWorker {
  readonly #ports: TestWorkerPorts;
  readonly #code: WorkerCode;
  readonly #env: object;
  readonly #objects = new Map<string, WorkerObject>();

  constructor(ports: TestWorkerPorts) {
    this.#ports = ports;
    this.#code = makeWorkerCode(workerGlobals(ports));
    this.#env = {
      ...ports.settings,
      ROOMS: this.#namespace("RoomObject"),
      USERS: this.#namespace("UserObject"),
      REGISTRY: this.#namespace("RegistryObject"),
    };
  }

  get objects(): readonly WorkerObject[] {
    return [...this.#objects.values()];
  }

  /** What is wrong with the settings. */
  async problems(): Promise<readonly string[]> {
    const response = await this.fetch("http://rooms.test/health");
    const answer: unknown = await response.json();
    return isRecord(answer) && Array.isArray(answer.problems) ? answer.problems.map(String) : [];
  }

  async fetch(url: string, init?: WorkerRequestInit): Promise<WorkerResponse> {
    return this.#code.default.fetch(new WorkerRequest(url, init), this.#env, { waitUntil() {} });
  }

  /** Opens a socket. Answers the client's end of it, or `undefined` where the Worker answers something else. */
  async connect(url: string, protocols: readonly string[]): Promise<WebSocketEnd | undefined> {
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocols.join(", ") };
    const { webSocket } = await this.fetch(url.replace(/^ws/, "http"), { headers });
    return webSocket ?? undefined;
  }

  close(): void {
    for (const object of this.objects) object.end();
  }

  #namespace(kind: ObjectKind): object {
    return { getByName: (name: string) => this.#stub(kind, name), jurisdiction: () => this.#namespace(kind) };
  }

  /** Each call is an event of the object. Its values are copied, as they go from one isolate to another. */
  #stub(kind: ObjectKind, name: string): object {
    const call = async (method: string, args: readonly unknown[]): Promise<unknown> => {
      const object = this.#object(kind, name);
      return copyForRpc(await object.run((code) => invoke(code, method, args.map(copyForRpc))));
    };
    return new Proxy(
      { fetch: (request: WorkerRequest) => this.#object(kind, name).run((code) => code.fetch(request)) },
      {
        get: (target, method) =>
          method === "fetch" ? target.fetch : (...args: unknown[]) => call(String(method), args),
      },
    );
  }

  #object(kind: ObjectKind, name: string): WorkerObject {
    const key = `${kind} ${name}`;
    const known = this.#objects.get(key);
    if (known !== undefined) return known;
    const { settling, openDatabase } = this.#ports;
    const object = new WorkerObject(name, {
      settling,
      openDatabase,
      wake: (state) => this.#wake(kind, state),
    });
    this.#objects.set(key, object);
    return object;
  }

  /** With code of its own, as in an isolate of its own. */
  #wake(kind: ObjectKind, state: object) {
    const globals = workerGlobals(this.#ports);
    const code = makeWorkerCode(globals);
    return { code: new code[kind](state, this.#env), timers: globals.timers };
  }
}

function invoke(code: ObjectCode, method: string, args: readonly unknown[]): unknown {
  const run: unknown = Reflect.get(code, method);
  if (typeof run !== "function") throw new TypeError(`the object has no method ${method}`);
  return Reflect.apply(run, code, args);
}
