// One Durable Object: what of it lasts, and the code that is awake.

import type { Settling } from "../time/settling.ts";
import { type SqlDatabase, type StoredValue, transactionIn } from "./sql-database.ts";
import type { SocketOwner, WebSocketEnd } from "./web-socket-pair.ts";
import type { ObjectCode } from "./worker-code.js";
import type { AutoResponse } from "./worker-globals.ts";

/** The code of an object while it is awake. */
export interface AwakeCode {
  readonly code: ObjectCode;
  /** Timers that it waits for. */
  readonly timers: { readonly pending: number; stop(): void };
}

export interface WorkerObjectPorts {
  readonly settling: Settling;
  openDatabase(): SqlDatabase;
  wake(state: object): AwakeCode;
}

/** From one start to the next sleep. */
interface Life {
  awake?: AwakeCode;
  /** Events that are under way. */
  running: number;
}

export class WorkerObject implements SocketOwner {
  readonly name: string;
  readonly #ports: WorkerObjectPorts;
  readonly #sockets = new Set<WebSocketEnd>();
  readonly #pingedAt = new WeakMap<WebSocketEnd, Date>();
  #database: SqlDatabase;
  #alarmAt: number | null = null;
  #cancelAlarm = () => {};
  #autoResponse: AutoResponse | undefined;
  #life: Life | undefined;

  constructor(name: string, ports: WorkerObjectPorts) {
    this.name = name;
    this.#ports = ports;
    this.#database = ports.openDatabase();
  }

  /** Whether it cannot sleep: an event is under way, or a timer is set. */
  get isBusy(): boolean {
    const { running = 0, awake } = this.#life ?? {};
    return running > 0 || (awake?.timers.pending ?? 0) > 0;
  }

  /** Forgets everything that is not stored. The next event wakes it. */
  sleep(): void {
    this.#life?.awake?.timers.stop();
    this.#life = undefined;
  }

  /** Ends it for good. */
  end(): void {
    this.sleep();
    this.#cancelAlarm();
    this.#database.close();
  }

  /** Runs an event, and wakes the object for it. */
  run<T>(event: (code: ObjectCode) => T | Promise<T>): Promise<T> {
    const life = this.#wake();
    return this.#during(life, async () => event(life.awake.code));
  }

  answers(end: WebSocketEnd, text: string): boolean {
    if (this.#autoResponse?.request !== text) return false;
    this.#pingedAt.set(end, new Date(this.#ports.settling.clock.now()));
    end.send(this.#autoResponse.response);
    return true;
  }

  message(end: WebSocketEnd, text: string): void {
    this.#event((code) => code.webSocketMessage(end, text));
  }

  closed(end: WebSocketEnd, code: number, reason: string): void {
    // A socket whose close wakes the object is not listed among its sockets.
    this.#sockets.delete(end);
    this.#event((awake) => awake.webSocketClose(end, code, reason));
  }

  #event(run: (code: ObjectCode) => void | Promise<void>): void {
    this.run(run).catch((error: unknown) => console.error("An object of the test rooms failed.", error));
  }

  async #during<T>(life: Life, run: () => Promise<T>): Promise<T> {
    life.running += 1;
    try {
      return await run();
    } finally {
      life.running -= 1;
    }
  }

  #wake(): Required<Life> {
    const life: Life = this.#life ?? { running: 0 };
    this.#life = life;
    const awake = life.awake ?? this.#ports.wake(this.#state(life));
    return Object.assign(life, { awake });
  }

  /** What the runtime calls the state of an object, as far as the code of the Worker uses it. */
  #state(life: Life): object {
    return {
      id: { name: this.name },
      storage: this.#storage(),
      waitUntil: (work: Promise<unknown>) => void this.#during(life, () => work).catch(() => {}),
      acceptWebSocket: (end: WebSocketEnd) => {
        this.#sockets.add(end);
        end.acceptFor(this);
      },
      getWebSockets: () => [...this.#sockets],
      setWebSocketAutoResponse: (pair: AutoResponse) => {
        this.#autoResponse = pair;
      },
      getWebSocketAutoResponseTimestamp: (end: WebSocketEnd) => this.#pingedAt.get(end) ?? null,
    };
  }

  #storage(): object {
    return {
      sql: { exec: (query: string, ...values: StoredValue[]) => this.#database.exec(query, values) },
      transactionSync: <T>(run: () => T) => transactionIn(this.#database, run),
      sync: async () => {},
      getAlarm: async () => this.#alarmAt,
      setAlarm: async (at: number) => this.#setAlarm(at),
      deleteAll: async () => {
        this.#database.close();
        this.#database = this.#ports.openDatabase();
      },
    };
  }

  #setAlarm(at: number): void {
    const { clock } = this.#ports.settling;
    this.#cancelAlarm();
    this.#alarmAt = at;
    this.#cancelAlarm = clock.after(at - clock.now(), () => {
      this.#alarmAt = null;
      this.#event((code) => code.alarm());
    });
  }
}
