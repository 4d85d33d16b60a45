// Server code that publishes and notifies with ids of its own, and calls again with the same id until it has an answer; and
// what the server has in the end.

import { RoomsError } from "../../client/index.ts";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import { fits } from "../../client/util/wire.ts";
import { MESSAGE_STORED } from "../../src/protocol/index.ts";
import { API_KEY, call, tokenFor } from "../e2e/support/world.ts";
import type { History, Item } from "./history.ts";
import { itemOf, notificationOf } from "./items.ts";

const CALL_WITHIN_MS = 3_000;
const MOST_CALLS = 20;

export class ServerCode {
  readonly #history: History;
  readonly #api: ServerApi;
  readonly #waiting = new Set<number>();
  #isStopped = false;

  constructor(url: string, history: History) {
    this.#history = history;
    this.#api = createServerApi({ url, apiKey: API_KEY, timeoutMs: CALL_WITHIN_MS });
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Into a room that keeps what is said: its id is known for as long as it is kept. */
  publish(room: string, text: string): void {
    const message = { data: text, id: `id-${text}` };
    const op = this.#send(room, text);
    void this.#repeat([op], async () => {
      const { seq } = await this.#api.room(room).publish(message);
      this.#history.add({ is: "stored", op, seq });
      return [];
    });
  }

  /** Into a room that soon forgets: a repeat names a cursor from before, and is refused where the log has passed that. */
  async publishSince(room: string, text: string): Promise<void> {
    const info = await this.#api
      .room(room)
      .info()
      .catch(() => undefined);
    if (info?.epoch === undefined || this.#isStopped) return;
    const message = { data: text, id: `id-${text}`, retryOf: `${info.epoch}.${info.head}` };
    const op = this.#send(room, text);
    void this.#repeat([op], async () => {
      const answer = await this.#api.call("POST", `/v1/rooms/${room}/messages`, message);
      if (!fits(MESSAGE_STORED, answer)) throw new Error("no answer to a message");
      this.#history.add({ is: "stored", op, seq: answer.seq });
      return [];
    });
  }

  /** `inboxes`: the name of the log of each user. */
  notify(inboxes: ReadonlyMap<string, string>, text: string): void {
    const ops = new Map([...inboxes].map(([user, log]) => [user, this.#send(log, text)]));
    const notification = { title: text, message: text, id: `id-${text}` };
    void this.#repeat([...ops.values()], async () => {
      const answer = await this.#api.notify({ ...notification, users: [...ops.keys()] });
      for (const { user, seq } of answer) {
        const op = ops.get(user);
        if (op === undefined || seq === undefined) continue;
        this.#history.add({ is: "stored", op, seq });
        ops.delete(user);
      }
      return [...ops.values()];
    });
  }

  /** Calls that have no answer yet are not made again. */
  stop(): void {
    this.#isStopped = true;
  }

  #send(log: string, text: string): number {
    const op = this.#history.nextOp();
    this.#history.add({ is: "send", op, log, text });
    return op;
  }

  /** `make` returns which calls have no answer yet. */
  async #repeat(ops: readonly number[], make: () => Promise<readonly number[]>): Promise<void> {
    for (const op of ops) this.#waiting.add(op);
    let left = ops;
    let code = "not done";
    for (let calls = 0; calls < MOST_CALLS && left.length > 0 && !this.#isStopped; calls++) {
      try {
        left = await make();
      } catch (error) {
        code = error instanceof RoomsError ? error.code : String(error);
        if (code === "stale_retry") break;
      }
    }
    for (const op of left) this.#history.add({ is: "unknown", op, code });
    for (const op of ops) this.#waiting.delete(op);
  }
}

/** The messages of a room, as the server has them. */
export async function logOf(url: string, room: string): Promise<{ floor: number; items: readonly Item[] }> {
  const api = createServerApi({ url, apiKey: API_KEY });
  let floor = 0;
  let items: readonly Item[] = [];
  for await (const page of api.room(room).pages()) {
    floor = Math.max(floor, page.floor);
    items = [...page.messages.map(itemOf), ...items];
  }
  return { floor, items };
}

const PAGE = 200;

/** The notifications of a user, as the server has them. */
export async function inboxAt(url: string, user: string): Promise<readonly Item[]> {
  const token = await tokenFor(user);
  let items: readonly Item[] = [];
  for (;;) {
    const before = items[0] === undefined ? "" : `&before=${items[0].seq}`;
    const path = `/v1/me/notifications?limit=${PAGE}${before}`;
    const page = await call<{ readonly notifications: readonly Parameters<typeof notificationOf>[0][] }>(
      { url },
      token,
      "GET",
      path,
    );
    items = [...page.notifications.map(notificationOf), ...items];
    if (page.notifications.length < PAGE) return items;
  }
}
