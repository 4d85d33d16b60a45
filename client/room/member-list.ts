import type {
  Member,
  MemberJoined,
  MemberLeft,
  Members,
  MemberUpdated,
  Occupancy,
  OccupancyChanged,
  RoomConnected,
} from "../../src/protocol/index.ts";

export type MemberEvent = MemberJoined | MemberUpdated | MemberLeft | Members | OccupancyChanged;

const NOBODY: Occupancy = Object.freeze({ members: 0, connections: 0 });

/** Who is here, and how many. A room too big for a list has only the numbers. */
export class MemberList {
  #members: readonly Member[] = Object.freeze([]);
  #occupancy = NOBODY;
  #listedMembers = Number.POSITIVE_INFINITY;
  /** Whether the next `members` adds to the list. */
  #isPart = false;

  get members(): readonly Member[] {
    return this.#members;
  }

  get occupancy(): Occupancy {
    return this.#occupancy;
  }

  begin({ members, moreMembers, occupancy, limits }: RoomConnected): void {
    this.#members = Object.freeze([...members]);
    this.#isPart = moreMembers === true;
    this.#setOccupancy(occupancy);
    this.#listedMembers = limits.listedMembers;
  }

  apply(event: MemberEvent): void {
    switch (event.type) {
      case "memberJoined":
      case "memberUpdated":
        this.#put(event.member);
        return;
      case "memberLeft":
        this.#list(this.#members.filter(({ id }) => id !== event.user));
        return;
      case "members":
        this.#take(event);
        return;
      case "occupancy":
        this.#count(event);
        return;
      default:
        event satisfies never;
    }
  }

  /** The numbers are those of the whole list, and known already where it comes in parts. */
  #take({ members, more }: Members): void {
    const list = this.#isPart ? [...this.#members, ...members] : members;
    if (this.#isPart || more) this.#members = Object.freeze([...list]);
    else this.#list(list);
    this.#isPart = more === true;
  }

  #put(member: Member): void {
    const index = this.#members.findIndex(({ id }) => id === member.id);
    this.#list(index < 0 ? [...this.#members, member] : this.#members.with(index, member));
  }

  /** Joining and leaving are not told as an `occupancy` too, so the numbers move with the list. */
  #list(members: readonly Member[]): void {
    const more = members.length - this.#members.length;
    this.#members = Object.freeze([...members]);
    const connections = Math.max(members.length, this.#occupancy.connections + more);
    this.#setOccupancy({ members: members.length, connections });
  }

  #count(event: OccupancyChanged): void {
    this.#setOccupancy(event);
    if (event.members > this.#listedMembers && this.#members.length > 0) this.#members = Object.freeze([]);
  }

  /** The same object until a number in it changes. */
  #setOccupancy({ members, connections }: Occupancy): void {
    const { members: before, connections: connectionsBefore } = this.#occupancy;
    if (members === before && connections === connectionsBefore) return;
    this.#occupancy = Object.freeze({ members, connections });
  }
}
