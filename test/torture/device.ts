// One client of one user in all rooms and with its inbox, over one way, which writes down what it asks for and what it hears.

import { Client } from "../../client/core/client.ts";
import { type Inbox, inboxOf, type RoomHandle, RoomsError, sharedRoom } from "../../client/index.ts";
import { keepOffline } from "../../client/offline/index.ts";
import type { MemoryStorage } from "../../client/offline/memory-storage.ts";
import { sharingOver } from "../../client/tabs/sharing-over.ts";
import type { Ports, SocketEvents } from "../../client/util/ports.ts";
import { systemPorts } from "../../client/util/system-ports.ts";
import { tokenFor } from "../e2e/support/world.ts";
import type { FakeTab } from "../support/fake-browser-tabs.ts";
import type { Change, History } from "./history.ts";
import { itemsOf, membersOf, notificationsOf, textOf } from "./items.ts";

export interface Way {
  readonly name: string;
  readonly isShared: boolean;
  readonly polling: "never" | "always" | "auto";
}

export const WAYS = [
  { name: "sockets", isShared: false, polling: "never" },
  { name: "a session", isShared: true, polling: "never" },
  { name: "calls", isShared: false, polling: "always" },
  { name: "a session over calls", isShared: true, polling: "always" },
  { name: "what gets through", isShared: false, polling: "auto" },
] as const satisfies readonly Way[];

export interface DeviceOptions {
  /** Unique in a round. */
  readonly name: string;
  readonly user: string;
  readonly way: Way;
  readonly url: string;
  readonly rooms: readonly string[];
  readonly permission: "read" | "write";
  readonly history: History;
  readonly tab?: FakeTab | undefined;
  readonly storage?: MemoryStorage | undefined;
}

/** The server has refused it, and has not stored it. What ends otherwise may be stored. */
const REFUSALS = new Set(["bad_request", "forbidden", "too_large", "not_found", "outbox_full"]);

export class Device {
  readonly options: DeviceOptions;
  readonly client: Client;
  readonly rooms: readonly RoomHandle[];
  readonly inbox: Inbox;
  /** By room, the texts that wait, with their calls. */
  readonly #waiting = new Map<string, number>();
  readonly #heard = new Set<string>();

  constructor(options: DeviceOptions) {
    const { user, way, url, permission, tab, storage } = options;
    this.options = options;
    this.client = new Client(
      {
        url,
        getToken: () => tokenFor(user, 3_600, { "*": permission }),
        polling: way.polling,
        reconnect: { minMs: 20, maxMs: 400 },
        log: "off",
        tabs: tab && sharingOver(tab.ports),
        ...(storage && { offline: keepOffline({ storage, user }) }),
      },
      tab === undefined ? systemPorts() : portsOf(tab),
    );
    this.rooms = options.rooms.map((name) =>
      way.isShared ? sharedRoom(this.client, name) : this.client.room(name),
    );
    for (const room of this.rooms) this.#follow(room);
    this.inbox = inboxOf(this.client);
    this.#followInbox();
  }

  get isLive(): boolean {
    return [...this.rooms, this.inbox].every(({ state }) => state.status === "connected");
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  send(room: RoomHandle, text: string, { echo = true, padding = 0 } = {}): void {
    const { history, name } = this.options;
    const op = history.nextOp();
    const sender = `${name} ${room.name}`;
    history.add({ is: "send", op, log: room.name, text, sender });
    this.#waiting.set(text, op);
    const data = padding === 0 ? text : `${text} ${"x".repeat(padding)}`;
    room.send(data, { echo }).then(
      ({ seq }) => {
        history.add({ is: "stored", op, seq });
        this.#waiting.delete(text);
        const reader = this.#readerOf(room.name);
        if (!echo && !this.#heard.has(`${room.name} ${seq}`))
          history.add({ is: "unechoed", reader, seq, text });
      },
      (error: unknown) => {
        this.#failed(op, error);
        this.#waiting.delete(text);
      },
    );
  }

  change(room: RoomHandle, target: number, change: Change): void {
    const emoji = "reaction" in change ? (change.reaction.split(" ")[0] ?? "") : "";
    this.#call(room.name, target, change, () => {
      if (change.type === "edit") return room.edit(target, change.text);
      if (change.type === "delete") return room.delete(target);
      return change.type === "react" ? room.react(target, emoji) : room.unreact(target, emoji);
    });
  }

  mark(state: "seen" | "read", at: number): void {
    const marked = this.inbox.notifications[at];
    if (marked === undefined) return;
    this.#call(this.inboxName, marked.seq, { type: "mark", mark: state }, async () => {
      await this.inbox.mark([marked.id], state);
      return { seq: 0 };
    });
  }

  get inboxName(): string {
    return `inbox of ${this.options.user}`;
  }

  /** What it shows in the end. */
  recordViews(): void {
    const { history } = this.options;
    this.#recordFailed();
    for (const room of this.rooms) {
      history.add({ is: "view", reader: this.#readerOf(room.name), items: itemsOf(room) });
      const by = this.#readerOf(room.name);
      history.add({ is: "members", log: room.name, by, members: membersOf(room) });
    }
    const { unread } = this.inbox;
    history.add({
      is: "view",
      reader: this.#readerOf(this.inboxName),
      items: notificationsOf(this.inbox),
      unread,
    });
  }

  /** What it was promised to keep, it keeps when it is closed now. */
  recordKept(): void {
    this.#recordFailed();
    for (const { outbox } of this.rooms)
      for (const { data, status } of outbox) {
        const op = this.#waiting.get(textOf(data) ?? "");
        if (status === "kept" && op !== undefined) this.options.history.add({ is: "kept", op });
      }
  }

  /** Also of what a client before it had kept, whose caller is gone. */
  #recordFailed(): void {
    const { history } = this.options;
    for (const { outbox } of this.rooms)
      for (const { data, status, error } of outbox) {
        const op = history.opOf(textOf(data));
        if (status === "failed" && error !== undefined && op !== undefined && REFUSALS.has(error.code))
          history.add({ is: "refused", op, code: error.code });
      }
  }

  close(): void {
    this.client.close();
  }

  #follow(room: RoomHandle): void {
    const { history } = this.options;
    const reader = this.#readerOf(room.name);
    history.add({ is: "reads", reader, log: room.name });
    let cursor = 0;
    const hear = (seq: number, text?: string | null) => {
      this.#heard.add(`${room.name} ${seq}`);
      history.add({ is: "heard", reader, seq, ...(text !== undefined && { text }) });
    };
    room.on("message", ({ seq, data }) => hear(seq, textOf(data)));
    room.on("messageUpdated", ({ seq }) => hear(seq));
    room.on("messageDeleted", ({ seq }) => hear(seq));
    room.on("reaction", ({ seq }) => hear(seq));
    room.on("caughtUp", ({ seq, more }) => more || history.add({ is: "caughtUp", reader, seq }));
    room.on("lost", () => history.add({ is: "lost", reader }));
    room.subscribe(() => {
      if (room.head === cursor) return;
      cursor = room.head;
      history.add({ is: "cursor", reader, seq: cursor });
    });
  }

  #followInbox(): void {
    const { history } = this.options;
    const reader = this.#readerOf(this.inboxName);
    history.add({ is: "reads", reader, log: this.inboxName });
    const hear = ({ seq, title }: { readonly seq: number; readonly title: string }) =>
      history.add({ is: "heard", reader, seq, text: title });
    this.inbox.on("notification", hear, { replay: true });
    this.inbox.on("notificationUpdated", ({ seq }) => history.add({ is: "heard", reader, seq }));
    this.inbox.on("lost", () => history.add({ is: "lost", reader }));
  }

  #call(log: string, target: number, change: Change, make: () => Promise<{ readonly seq: number }>): void {
    const { history } = this.options;
    const op = history.nextOp();
    history.add({ is: "change", op, log, target, change });
    const waits = `change ${op}`;
    this.#waiting.set(waits, op);
    make()
      .then(
        ({ seq }) => history.add({ is: "stored", op, seq }),
        (error: unknown) => this.#failed(op, error),
      )
      .finally(() => this.#waiting.delete(waits));
  }

  #failed(op: number, error: unknown): void {
    const code = error instanceof RoomsError ? error.code : String(error);
    this.options.history.add({ is: REFUSALS.has(code) ? "refused" : "unknown", op, code });
  }

  #readerOf(log: string): string {
    return `${this.options.name} (${this.options.way.name}) in ${log}`;
  }
}

/** The platform as a tab has it, which may stand still or be gone. */
export function portsOf(tab: FakeTab): Ports {
  const ports = systemPorts();
  return {
    ...ports,
    clock: tab.clockOf(ports.clock),
    dial: (url, protocols, events: SocketEvents) =>
      ports.dial(url, protocols, {
        onOpen: () => tab.run(() => events.onOpen()),
        onText: (text) => tab.run(() => events.onText(text)),
        onClose: (code, reason) => tab.run(() => events.onClose(code, reason)),
      }),
  };
}
