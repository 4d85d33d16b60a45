import {
  CHAT_EVENT,
  type ChangeResult,
  type Message,
  type ReadResult,
  type Signal,
  type Topics,
} from "../../src/protocol/index.ts";
import { noConnection, RoomsError, resultOf } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { quiet } from "../util/quiet.ts";
import type { OnEventOptions } from "../util/topic-listeners.ts";
import { isHistoryResult } from "../wire/shapes.ts";
import type { Change } from "./messages/message-changes.ts";
import type { SendOptions, Stored } from "./messages/outbox-entry.ts";
import type { RoomEngine } from "./room-engine.ts";
import type { Presence, RoomEvents, RoomSnapshot } from "./room-types.ts";

/** One room, as an app sees it. Made by `client.room`. */
export class RoomHandle {
  readonly name: string;
  readonly #core: RoomEngine;
  readonly #onLeave: () => void;
  /** Where the next older page begins; `undefined`: with the oldest that is held. */
  #olderPage: { readonly before?: number } | undefined;
  #left = false;

  constructor(core: RoomEngine, onLeave: () => void) {
    this.name = core.name;
    this.#core = core;
    this.#onLeave = onLeave;
    this.#core.events.on("lost", () => {
      this.#olderPage = undefined;
    });
  }

  get state(): RoomSnapshot["state"] {
    return this.getSnapshot().state;
  }

  get user(): RoomSnapshot["user"] {
    return this.getSnapshot().user;
  }

  get permission(): RoomSnapshot["permission"] {
    return this.getSnapshot().permission;
  }

  get head(): number {
    return this.getSnapshot().head;
  }

  get messages(): RoomSnapshot["messages"] {
    return this.getSnapshot().messages;
  }

  get members(): RoomSnapshot["members"] {
    return this.getSnapshot().members;
  }

  get occupancy(): RoomSnapshot["occupancy"] {
    return this.getSnapshot().occupancy;
  }

  get typing(): RoomSnapshot["typing"] {
    return this.getSnapshot().typing;
  }

  get unread(): number {
    return this.getSnapshot().unread;
  }

  get outbox(): RoomSnapshot["outbox"] {
    return this.getSnapshot().outbox;
  }

  /** Everything above as one immutable object, the same one until something in it changes. */
  getSnapshot(): RoomSnapshot {
    return this.#core.store.get();
  }

  /** Calls `fn` after each change of the snapshot, until the function that it returns is called. */
  subscribe(fn: () => void): Cancel {
    return this.#core.store.subscribe(fn);
  }

  /** Listens to a server event by its `type`, or to `state`, `lost`, `error`. Returns the unsubscribe. */
  on<Type extends keyof RoomEvents>(type: Type, fn: (payload: RoomEvents[Type]) => void): Cancel {
    return this.#core.events.on(type, fn);
  }

  /**
   * Listens to messages and signals by application event: `task` hears `task.created` too, `*` everything. With
   * `own: false` not to what this user did, on whatever device.
   */
  onEvent(topic: string, fn: (event: Message | Signal) => void, options?: OnEventOptions): Cancel {
    return this.#core.appEvents.add(topic, fn, options);
  }

  /**
   * Sends a message; resolves when it is stored, with its `seq`. Offline it waits in the outbox, and is stored once
   * whatever happens in between. Rejects with the server's refusal, with the code of a close that ends the connection
   * for good, or `closed` on leaving.
   */
  send(data: unknown, options: SendOptions = {}): Promise<Stored> {
    if (this.#left) return refusedAsLeft();
    if ((options.event ?? CHAT_EVENT) === CHAT_EVENT) this.stopTyping();
    const stored = this.#core.outbox.add(data, options);
    this.#core.changed();
    return stored;
  }

  /**
   * Tries a message of `outbox` again that `failed`, as `send` would; after `stale_retry` as a new message under a new
   * id. Rejects `not_found` where nothing failed under this id.
   */
  retry(id: string): Promise<Stored> {
    const stored = this.#core.outbox.retry(id);
    this.#core.changed();
    return stored;
  }

  /** Removes a message from `outbox`: its `send` rejects with `dropped`. One that is `sent` may be stored all the same. */
  discard(id: string): void {
    this.#core.outbox.discard(id);
    this.#core.changed();
  }

  /**
   * Replaces the `data` of an own message, or of any with `moderate`. Shown at once, resolves when it is stored with
   * the `seq` of the change, and is undone where it rejects: with the server's refusal, such as `forbidden` or
   * `not_found`; with `offline` without a connection, or where one was lost and nobody can tell what became of it.
   */
  edit(seq: number, data: unknown): Promise<ChangeResult> {
    return this.#change({ type: "edit", seq, data });
  }

  /** Erases an own message, or any with `moderate`; its place stays, with `deletedAt`. Otherwise as `edit`. */
  delete(seq: number): Promise<ChangeResult> {
    return this.#change({ type: "delete", seq });
  }

  /**
   * Adds a reaction of this user: one emoji, of which each counts once. Resolves with `seq` 0 where it was there
   * already. Otherwise as `edit`.
   */
  react(seq: number, emoji: string): Promise<ChangeResult> {
    return this.#change({ type: "react", seq, emoji, op: "add" });
  }

  /** Takes a reaction of this user back. Resolves with `seq` 0 where there was none. Otherwise as `edit`. */
  unreact(seq: number, emoji: string): Promise<ChangeResult> {
    return this.#change({ type: "react", seq, emoji, op: "remove" });
  }

  /**
   * Says that this user has read up to `seq`, by default all that is known of. It never moves back, and may be called
   * with every message and scroll: the server is told at most once a second. Resolves with how far this user has read
   * on all devices and how much is left, counted to at most 1,000. Offline it is remembered, and told with the next
   * connection. Rejects as `send` does, for an anonymous reader with `forbidden`.
   */
  markRead(seq: number = this.#core.head): Promise<ReadResult> {
    if (this.#left) return refusedAsLeft();
    const marked = this.#core.reads.mark(seq);
    this.#core.changed();
    return marked;
  }

  /** Tells the others something that is not stored. Forgotten where there is no connection. */
  signal(event: string, data: unknown = null, { to }: { readonly to?: string } = {}): void {
    this.#core.signal(event, data, to);
  }

  /** To be called with every key: the others hear of it at most once a second, and forget it after three. */
  startTyping(): void {
    const { permission } = this.#core.state;
    // Who may not say it would only collect refusals.
    if (this.#core.channel.live && (permission === "write" || permission === "moderate")) {
      this.#core.typing.start();
    }
  }

  /** Sending a message does this by itself. */
  stopTyping(): void {
    this.#core.typing.stop();
  }

  /** Says how this user is here. Offline, and after every reconnect, it is told with the connection. */
  setPresence(presence: Presence): Promise<void> {
    return quiet(this.#core.presence.set(presence));
  }

  /** From now on only events under these topics; `null` is all. Replays nothing: see `loadOlder`. */
  setTopics(topics: Topics): Promise<void> {
    // What now belongs between those held is found from the end on.
    this.#olderPage = {};
    return quiet(this.#core.channel.topics.set(topics).finally(() => this.#core.changed()));
  }

  /** Puts an older page in front of `messages`. Without `more` there is nothing older. Rejects `offline`. */
  loadOlder(limit?: number): Promise<{ readonly more: boolean }> {
    const core = this.#core;
    const oldest = core.state.messages.all[0]?.seq;
    const page = this.#olderPage ?? (oldest === undefined ? {} : { before: oldest });
    const id = core.newId();
    return new Promise((resolve, reject) => {
      core.request({ type: "history", id, ...page, ...(limit !== undefined && { limit }) }, (answer) => {
        const result = answer ? resultOf(answer, isHistoryResult) : noConnection();
        if (result instanceof RoomsError) reject(result);
        else {
          // At once, not a promise later: what comes next on the wire may change what this brings.
          this.#olderPage = { before: result.seq };
          core.addOlder(result.messages ?? []);
          resolve({ more: result.more ?? false });
        }
      });
    });
  }

  /**
   * Drops the connection, if there is one, and starts over at once. The others do not see this user leave. Without
   * effect once the room was left.
   */
  reconnect(): void {
    this.#core.channel.start();
  }

  /** Leaves for good: others see it at once, what waits in the outbox rejects with `closed`. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    // First, so that whoever hears of the end can open the room anew.
    this.#onLeave();
    this.#core.close();
  }

  #change(change: Change): Promise<ChangeResult> {
    if (this.#left) return refusedAsLeft();
    const changed = this.#core.changes.add(change);
    this.#core.changed();
    return changed;
  }
}

const refusedAsLeft = () => quiet(Promise.reject(new RoomsError("closed", "The room was left.")));
