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

const { freeze } = Object;

/** Who is here, and how many. A room too big for a list has only the numbers. */
export class MemberList {
  #members: readonly Member[] = freeze([]);
  #occupancy: Occupancy = freeze({ members: 0, connections: 0 });
  #listedMembers = 0;
  /** Whether the next `members` continues the list. */
  #isPart = false;

  get members(): readonly Member[] {
    return this.#members;
  }

  get occupancy(): Occupancy {
    return this.#occupancy;
  }

  begin({ members, moreMembers, occupancy, limits }: RoomConnected): void {
    this.#members = freeze([...members]);
    this.#isPart = moreMembers === true;
    this.#count(occupancy);
    this.#listedMembers = limits.listedMembers;
  }

  apply(event: MemberEvent): void {
    const held = this.#members;
    switch (event.type) {
      case "memberJoined":
      case "memberUpdated": {
        const { member } = event;
        const isNew = held.every(({ id }) => id !== member.id);
        this.#list(isNew ? [...held, member] : held.map((one) => (one.id === member.id ? member : one)));
        return;
      }
      case "memberLeft":
        this.#list(held.filter(({ id }) => id !== event.user));
        return;
      case "members": {
        const isWhole = !this.#isPart && !event.more;
        const members = this.#isPart ? [...held, ...event.members] : event.members;
        this.#isPart = event.more === true;
        // The numbers are those of the whole list. Where it comes in parts, they came before it.
        if (isWhole) this.#list(members);
        else this.#members = freeze([...members]);
        return;
      }
      case "occupancy":
        this.#count(event);
        if (event.members > this.#listedMembers && held.length > 0) this.#members = freeze([]);
        return;
      default:
        event satisfies never;
    }
  }

  /** A join or a leave is not followed by an `occupancy`, so the numbers move with the list. */
  #list(members: readonly Member[]): void {
    const { length } = members;
    const connections = Math.max(length, this.#occupancy.connections + length - this.#members.length);
    this.#members = freeze([...members]);
    this.#count({ members: length, connections });
  }

  /** The same object until a number in it changes. */
  #count({ members, connections }: Occupancy): void {
    const { members: membersBefore, connections: connectionsBefore } = this.#occupancy;
    if (members === membersBefore && connections === connectionsBefore) return;
    this.#occupancy = freeze({ members, connections });
  }
}
