// The stored state of a room: its events, folded. It knows nothing of sockets and commands.

import type { Message, Permission, RoomConnected, RoomEvent, User } from "../../src/protocol/index.ts";
import type { ResumeKind } from "../connection/cursor-tracker.ts";
import { memo } from "../util/snapshot-store.ts";
import { type MemberEvent, MemberList } from "./member-list.ts";
import { MessageList } from "./messages/message-list.ts";

export class RoomState {
  readonly messages = new MessageList();
  readonly #members = new MemberList();
  #user: User | null = null;
  #permission: Permission = "none";
  #head = 0;
  #floor = 0;

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
    if (resume !== "kept") this.messages.dropUpTo();
    this.dropUpTo(frame.floor);
    this.#user = frame.user;
    this.#permission = frame.permission;
    this.#head = frame.head;
    this.#members.begin(frame);
  }

  /** The log begins after `floor`: what is held at or below it may have changed without an event. */
  dropUpTo(floor: number): void {
    this.#floor = floor;
    this.messages.dropUpTo(floor);
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
      case "signal":
      case "receipt":
        return;
      default:
        this.#members.apply(event satisfies MemberEvent);
    }
  }

  addOlder(messages: readonly Message[]): void {
    for (const message of messages) if (message.seq > this.#floor) this.messages.add(message);
  }
}
