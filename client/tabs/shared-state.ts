import type { Permission } from "../../src/protocol/index.ts";
import type { ResumeKind } from "../connection/types.ts";
import { type MemberEvent, MemberList } from "../room/member-list.ts";
import type { Connected, IncomingFrame } from "../util/wire.ts";

type RoomGreeting = Extract<Connected, { readonly room: string }>;

/** What the greeting of a server says, kept up to date by what came since: what a tab is greeted with that comes later. */
export class SharedState {
  #greeting: Connected | undefined;
  #members = new MemberList();
  #head = 0;
  #floor = 0;
  #unread = 0;
  /** Only until something that it counts has happened: then the tab asks. */
  #read: RoomGreeting["read"];
  permission: Permission = "none";

  get head(): number {
    return this.#head;
  }

  /** The id; `null`: anonymous. */
  get user(): string | null {
    return this.#greeting?.user?.id ?? null;
  }

  get connection(): string | undefined {
    return this.#greeting?.connection;
  }

  get epoch(): string | undefined {
    return this.#greeting?.epoch;
  }

  get mayWrite(): boolean {
    return this.permission === "write" || this.permission === "moderate";
  }

  begin(greeting: Connected, resume: ResumeKind): void {
    this.#greeting = greeting;
    this.#head = resume === "kept" ? Math.max(this.#head, greeting.head) : greeting.head;
    this.#floor = greeting.floor;
    if ("room" in greeting) {
      this.#members.begin(greeting);
      this.permission = greeting.permission;
      this.#read = greeting.read;
    } else this.#unread = greeting.unread;
  }

  onFloor(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
  }

  reached(seq: number): void {
    this.#head = Math.max(this.#head, seq);
  }

  /** `isLive`: it is not of the replay, which the greeting has counted. */
  apply(frame: IncomingFrame, isLive: boolean): void {
    switch (frame.type) {
      case "message":
      case "messageUpdated":
      case "messageDeleted":
      case "receipt":
        if (isLive) this.#read = undefined;
        return;
      case "notification":
      case "notificationUpdated":
        this.#unread = frame.unread;
        return;
      case "memberJoined":
      case "memberUpdated":
      case "memberLeft":
      case "members":
      case "occupancy":
        this.#members.apply(frame satisfies MemberEvent);
        return;
      default:
    }
  }

  /** `at`: the server's time. `undefined` before the server has greeted. */
  greeting(recovery: Connected["recovery"], at: number): Connected | undefined {
    const greeting = this.#greeting;
    if (greeting === undefined) return undefined;
    const now = { recovery, at, head: this.#head, floor: this.#floor };
    if (!("room" in greeting)) return { ...greeting, ...now, unread: this.#unread };
    const { read: _, moreMembers: __, ...rest } = greeting;
    const { members, occupancy } = this.#members;
    return {
      ...rest,
      ...now,
      ...{ members, occupancy, permission: this.permission },
      ...(this.#read !== undefined && { read: this.#read }),
    };
  }
}
