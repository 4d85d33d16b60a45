// The stored state of a room, which is its events, folded; and what an app sees of it, with what is not stored yet laid
// over it.

import {
  type Append,
  type Message,
  matchesTopics,
  type Permission,
  type RoomConnected,
  type RoomEvent,
  type SequencedEvent,
  type Stream,
  type Topics,
  type User,
} from "../../src/protocol/index.ts";
import type { ConnectionState } from "../connection/transport/transport.ts";
import type { ResumeKind } from "../connection/types.ts";
import { RoomsError } from "../util/errors.ts";
import { memo } from "../util/listeners.ts";
import { type MemberEvent, MemberList } from "./member-list.ts";
import { addChanged, changeIn, type PendingChange, version, withChange } from "./messages/changes.ts";
import { Expiring, expired } from "./messages/expiring.ts";
import { type Outbox, pendingMessage } from "./messages/outbox.ts";
import type { UntypedRoomMessage, UntypedSnapshot } from "./room-types.ts";
import { foldStream, keepOpen } from "./streams/fold-stream.ts";

export class RoomState {
  readonly messages: MessageList;
  #members = new MemberList();
  #user: User | null = null;
  #permission: Permission = "none";
  #head = 0;

  /** `keep`: of how many messages the list is, unless older pages are added. */
  constructor(keep?: number) {
    this.messages = new MessageList(keep);
  }

  get user(): User | null {
    return this.#user;
  }

  get permission(): Permission {
    return this.#permission;
  }

  get head(): number {
    return this.#head;
  }

  get members() {
    return this.#members.members;
  }

  get occupancy() {
    return this.#members.occupancy;
  }

  /** The users of these ids; only the `id` of one that is not among the members. */
  readonly usersOf = memo((ids: readonly string[], members: readonly User[]): readonly User[] => {
    const byId = new Map(members.map((member) => [member.id, member]));
    return Object.freeze(ids.map((id) => byId.get(id) ?? { id }));
  });

  begin(frame: RoomConnected, resume: ResumeKind): void {
    if (resume !== "kept") this.messages.clear();
    this.messages.setFloor(frame.floor);
    this.#user = frame.user;
    this.#permission = frame.permission;
    this.#head = frame.head;
    this.#members.begin(frame);
  }

  /** What is held is what a former user may read. */
  forget(): void {
    this.messages.clear();
    this.#user = null;
    this.#permission = "none";
    this.#head = 0;
    this.#members = new MemberList();
  }

  setPermission(permission: Permission): void {
    this.#permission = permission;
  }

  reached(seq: number): void {
    this.#head = Math.max(this.#head, seq);
  }

  apply(event: RoomEvent): void {
    switch (event.type) {
      case "message":
      case "messageUpdated":
      case "messageDeleted":
      case "reaction":
        this.reached(event.seq);
        this.messages.apply(event);
        return;
      case "append":
      case "stream":
        this.messages.fold(event);
        return;
      case "signal":
      case "receipt":
      case "stop":
        return;
      default:
        this.#members.apply(event satisfies MemberEvent);
    }
  }
}

/** Messages by `seq`, in pieces that are never changed: the next list shares all but the one that differs. */
type Chunks = readonly (readonly Message[])[];

/** Where the message of some `seq` stands, or would: the index of the piece, the piece, and the index in it. */
interface Place {
  readonly at: number;
  readonly chunk: readonly Message[];
  readonly index: number;
  readonly held: Message | undefined;
}

/** An event copies at most one message more. */
const MAX_CHUNK = 511;

/** No bound. */
const ALL = Number.POSITIVE_INFINITY;

/** Where an older page begins: before this message, or at the end of the log. */
interface OlderPage {
  readonly before?: number;
}

/**
 * The messages that are held of a room's log, by `seq`, with later changes folded in. The newer version wins. What an
 * event takes does not grow with what is held.
 */
export class MessageList {
  readonly #keep: number;
  /** Of how many messages the list is at most. */
  #bound: number;
  #chunks: Chunks = [];
  #floor = 0;
  /** `undefined`: that before the oldest message that is held. */
  #older: OlderPage | undefined;
  /** Counts the calls of `trim`: a page that was on its way would leave a gap. */
  #trims = 0;
  #expiring: Expiring | undefined;

  constructor(keep = ALL) {
    this.#keep = countOf(keep);
    this.#bound = keep;
  }

  /** Another object after each change. */
  get chunks(): Chunks {
    return this.#chunks;
  }

  /** What expires of it; `undefined` until there is something. */
  get expiring(): Expiring | undefined {
    return this.#expiring;
  }

  get(seq: number): Message | undefined {
    return this.#placeOf(seq).held;
  }

  /** Ignores a change to a message that is not held. */
  apply(event: SequencedEvent): void {
    if (event.type === "message") {
      this.add(event);
      return;
    }
    const { change, by } = changeIn(event);
    const held = this.get(change.seq);
    if (held === undefined) return;
    this.add(
      event.type === "messageUpdated"
        ? event.message
        : { ...withChange(held, change, event.at, by), changed: event.seq },
    );
  }

  /** What is said of an open message. Its version stays: it has no place in the log. */
  fold(event: Append | Stream): void {
    const place = this.#placeOf(event.seq);
    const next = place.held && foldStream(place.held, event);
    if (next !== undefined) this.#put(place, next);
  }

  /** Ignores a version that is not newer than the one that is held. */
  add(message: Message): void {
    const place = this.#placeOf(message.seq);
    const { held } = place;
    if (held !== undefined && version(message) <= version(held)) return;
    this.#put(place, held === undefined ? message : keepOpen(held, message));
    this.#dropAllBut(this.#bound);
  }

  #put({ at, chunk, index, held }: Place, message: Message): void {
    if (message.expiresAt !== undefined) this.#expiring ??= new Expiring(() => this.#chunks);
    this.#expiring?.put(message);
    const next = chunk.slice(0, index).concat([message], chunk.slice(held ? index + 1 : index));
    // What comes at the end leaves a full piece behind: fewer pieces are copied faster.
    const left = index < MAX_CHUNK ? 256 : MAX_CHUNK;
    const pieces = next.length > MAX_CHUNK ? [next.slice(0, left), next.slice(left)] : [next];
    this.#chunks = this.#chunks.slice(0, at).concat(pieces, this.#chunks.slice(at + 1));
  }

  /** The next older page. The reader looks at what is older, so the list may be of any length until `trim`. */
  older(): { readonly page: OlderPage; readonly trims: number } {
    this.#bound = ALL;
    const before = this.#chunks[0]?.[0]?.seq;
    return { page: this.#older ?? (before === undefined ? {} : { before }), trims: this.#trims };
  }

  /** The next page begins at `before`. `false`: the list was trimmed meanwhile, so this page would leave a gap in it. */
  addOlder(trims: number, messages: readonly Message[], before: number): boolean {
    if (trims !== this.#trims) return false;
    this.#older = { before };
    for (const message of messages) if (message.seq > this.#floor) this.add(message);
    return true;
  }

  /** What other topics add between the messages that are held is found from the end on. */
  restart(): void {
    this.#older = {};
  }

  /** Drops all but the latest. Returns whether it dropped any. */
  trim(count = Math.min(this.#keep, 200)): boolean {
    const left = countOf(count);
    this.#bound = this.#keep;
    this.#trims += 1;
    return this.#dropAllBut(left);
  }

  clear(): void {
    this.trim(0);
    this.#older = undefined;
  }

  /** The log begins after `floor`: what is held at or below it may have changed without an event. */
  setFloor(floor: number): void {
    this.#floor = floor;
    // With a greeting the server's time may have been corrected.
    if (this.#expiring) this.#expiring.next = 0;
    const { at, chunk, index } = this.#placeOf(floor + 1);
    const rest = this.#chunks.slice(at + 1);
    if (at + index > 0) this.#chunks = index < chunk.length ? [chunk.slice(index), ...rest] : rest;
  }

  #dropAllBut(count: number): boolean {
    const left = lastOf(this.#chunks, count);
    if (left === this.#chunks) return false;
    this.#chunks = left;
    const { before = ALL } = this.#older ?? {};
    // What was dropped is to be loaded again.
    if (before < (left[0]?.[0]?.seq ?? ALL)) this.#older = undefined;
    return true;
  }

  #placeOf(seq: number): Place {
    const at = Math.max(0, indexAfter(this.#chunks, (piece) => (piece[0]?.seq ?? 0) <= seq) - 1);
    const chunk = this.#chunks[at] ?? [];
    const index = indexAfter(chunk, (message) => message.seq < seq);
    const held = chunk[index];
    return { at, chunk, index, held: held?.seq === seq ? held : undefined };
  }
}

/** Without this check a `NaN` would drop all messages. */
function countOf(count: number): number {
  if (count >= 0) return count;
  throw new RoomsError("bad_request", "The number of messages must be 0 or more.");
}

/** The index after the last item that is before the place; the items are in order. */
function indexAfter<Item>(items: readonly Item[], isBefore: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  // Most messages come at the end, so the last item is looked at first.
  for (let at = high - 1; low < high; at = (low + high) >>> 1) {
    const item = items[at];
    if (item !== undefined && isBefore(item)) low = at + 1;
    else high = at;
  }
  return low;
}

/** The last `count` messages; the same object if there are no more. */
function lastOf(chunks: Chunks, count: number): Chunks {
  let [at, left] = [chunks.length, count];
  while (at > 0 && left > 0) {
    at -= 1;
    left -= chunks[at]?.length ?? 0;
  }
  if (at === 0 && left >= 0) return chunks;
  const [first = [], ...rest] = chunks.slice(at);
  return [first.slice(-left), ...rest].filter(({ length }) => length > 0);
}

/** The messages as an app sees them at one moment, or the latest of them. The same frozen list each time. */
type ShownMessages = (count?: number) => UntypedSnapshot["messages"];

/** `changed`: the messages that own changes show otherwise than they are stored. `pending` comes last. */
function shownMessages(
  chunks: Chunks,
  changed: ReadonlyMap<number, Message>,
  pending: readonly UntypedRoomMessage[],
): ShownMessages {
  const lists = new Map<number, UntypedSnapshot["messages"]>();
  return (count = ALL) => {
    const made = lists.get(count);
    if (made !== undefined) return made;
    const none: readonly UntypedRoomMessage[] = [];
    // `flat` takes four times as long.
    const list = none.concat(...lastOf(chunks, count - pending.length), pending);
    for (const [seq, message] of changed) {
      const index = indexAfter(list, (other) => (other.seq ?? ALL) < seq);
      // It may be older than what is shown.
      if (list[index]?.seq === seq) list[index] = message;
    }
    if (list.length > count) list.splice(0, list.length - count);
    lists.set(count, Object.freeze(list));
    return list;
  };
}

const NOTHING_CHANGED: ReadonlyMap<number, Message> = new Map();
const NOTHING_PENDING: readonly UntypedRoomMessage[] = [];

/** The parts of a room that a snapshot is read from. */
export interface RoomParts {
  readonly channel: { readonly state: ConnectionState; readonly topics: { readonly wanted: Topics } };
  readonly state: RoomState;
  readonly changes: { readonly shown: readonly PendingChange[] };
  readonly reads: { readonly unread: number };
  readonly outbox: Outbox;
  readonly typing: { readonly users: readonly string[] };
  /** Held messages whose time is over: the same list until there are others. */
  readonly expired: readonly Message[];
}

/** What an app sees of a room. Each is the same object until something in it changes. */
export interface RoomView {
  readonly messages: () => ShownMessages;
  readonly snapshot: () => UntypedSnapshot;
}

type SnapshotParts = Omit<UntypedSnapshot, "messages">;

/** Where a snapshot has what makes its messages a list. */
const SHOWN = Symbol();

/**
 * One getter for all snapshots. With a function of its own each would be of another shape for the engine, which keeps
 * shapes, and the list of messages with them, until it collects all garbage: 80 KB for each event, of 10,000 messages.
 */
const MESSAGES = {
  enumerable: true,
  get(this: { readonly [SHOWN]: ShownMessages }) {
    return this[SHOWN]();
  },
};

/** The list is only made when it is read: that copies all of it. */
function addMessages(parts: SnapshotParts, value: ShownMessages): asserts parts is UntypedSnapshot {
  Object.defineProperties(parts, { [SHOWN]: { value }, messages: MESSAGES });
}

const snapshotOf = (
  state: ConnectionState,
  user: User | null,
  permission: Permission,
  head: number,
  messages: ShownMessages,
  members: UntypedSnapshot["members"],
  occupancy: UntypedSnapshot["occupancy"],
  typing: readonly User[],
  unread: number,
  outbox: Outbox["items"],
): UntypedSnapshot => {
  const parts: SnapshotParts = { state, user, permission, head, members, occupancy, typing, unread, outbox };
  addMessages(parts, messages);
  return Object.freeze(parts);
};

export function roomView(parts: RoomParts): RoomView {
  const { channel, state, changes, reads, outbox, typing } = parts;
  const changedOf = memo(
    (
      _: Chunks,
      over: RoomParts["expired"],
      shown: readonly PendingChange[],
      self: string | undefined,
    ): ReadonlyMap<number, Message> => {
      const held = (seq: number) => state.messages.get(seq);
      const gone = over.filter((message) => held(message.seq) === message);
      const changed = new Map(gone.map((message) => [message.seq, expired(message)]));
      addChanged(held, shown, self, changed);
      return changed.size > 0 ? changed : NOTHING_CHANGED;
    },
  );

  const pendingOf = memo((_: Outbox["items"], user: User | null, wanted: Topics) => {
    const pending = outbox.entries.filter(({ said }) => matchesTopics(wanted, said.event));
    return pending.length > 0 ? pending.map((entry) => pendingMessage(entry, user)) : NOTHING_PENDING;
  });

  const shown = memo(shownMessages);

  const messages = () => {
    const { chunks } = state.messages;
    return shown(
      chunks,
      changedOf(chunks, parts.expired, changes.shown, state.user?.id),
      pendingOf(outbox.items, state.user, channel.topics.wanted),
    );
  };

  const snapshot = memo(snapshotOf);

  return {
    messages,
    snapshot: () =>
      snapshot(
        channel.state,
        state.user,
        state.permission,
        state.head,
        messages(),
        state.members,
        state.occupancy,
        state.usersOf(typing.users, state.members),
        reads.unread,
        outbox.items,
      ),
  };
}
