// Who comes to a room and goes, as the back end is told. A crash takes the sockets of members and says nothing of it: so
// it is written down of whom the back end was told, and whether the room was occupied.

import type { WebhookEventType } from "../protocol/index.ts";
import type { Coming, RoomPresence } from "./people/room-presence.ts";
import type { RoomHappening, StoredWebhooks, WebhookStore } from "./webhook-store.ts";

/** After a crash members have so long to come back. */
const COME_BACK_WITHIN_MS = 60_000;

/** What the last life of the object has written. */
interface LastLife {
  readonly occupied: boolean;
  /** Whether members were written down. */
  readonly knowsMembers: boolean;
  readonly missing: number | null;
}

interface Look {
  readonly events: readonly RoomHappening[];
  /** Whether something has changed that no event says. */
  readonly mustWrite: boolean;
}

const NOTHING: Look = { events: [], mustWrite: false };

export class PeopleWatch {
  readonly #wanted: ReadonlySet<WebhookEventType>;
  readonly #store: WebhookStore;
  readonly tellsMembers: boolean;
  readonly #tellsOccupancy: boolean;
  #isOccupied: boolean;
  #knowsMembers: boolean;
  #missing: number | null;
  /** Whether sockets may be gone that nobody has seen close: of some, or all that there were. */
  #doubt: "none" | "some" | "all" = "all";

  constructor(wanted: ReadonlySet<WebhookEventType>, store: WebhookStore, last: LastLife) {
    this.#wanted = wanted;
    this.#store = store;
    this.tellsMembers = wanted.has("member.joined") || wanted.has("member.left");
    this.#tellsOccupancy = wanted.has("room.occupied") || wanted.has("room.vacated");
    this.#isOccupied = last.occupied;
    this.#knowsMembers = last.knowsMembers || !this.tellsMembers;
    this.#missing = last.missing;
  }

  /** Whether anything of it is told. */
  get isOn(): boolean {
    return this.tellsMembers || this.#tellsOccupancy;
  }

  get isOccupied(): boolean {
    return this.isOn && this.#isOccupied;
  }

  /** When those who did not come back have left, in milliseconds; `null`: nobody is missing. */
  get missing(): number | null {
    return this.#missing;
  }

  get stored(): Pick<StoredWebhooks, "occupied" | "members" | "missing"> {
    return {
      occupied: this.#isOccupied,
      members: this.tellsMembers && this.#knowsMembers,
      ...(this.#missing !== null && { missing: this.#missing }),
    };
  }

  /** These outlived the sleep of the object. A crash takes all sockets at once, and leaves sessions. */
  woke(sockets: number, sessions: number): void {
    if (sockets > 0) this.#doubt = "none";
    else if (sessions > 0 && this.#doubt === "all") this.#doubt = "some";
  }

  /** The alarm went off: members may be gone that nobody has seen leave. */
  doubt(): void {
    if (this.#doubt === "none") this.#doubt = "some";
  }

  /** At the end of a flush: what has happened. */
  look(presence: RoomPresence, now: number): Look {
    if (!this.isOn) return NOTHING;
    const comings = presence.takeComings();
    const { connections, members } = presence.occupancy;
    const isSteady = this.#isOccupied === connections + members > 0 && this.#knowsMembers;
    if (isSteady && comings.length === 0 && this.#doubt === "none" && this.#missing === null) return NOTHING;
    const before = this.stored;
    const events = this.#happenings(comings, presence, now);
    const { occupied, members: knows, missing } = this.stored;
    // A row of events says whether the room is occupied.
    const isUnsaid = this.#tellsOccupancy && events.length === 0 && occupied !== before.occupied;
    return { events, mustWrite: isUnsaid || knows !== before.members || missing !== before.missing };
  }

  #happenings(comings: readonly Coming[], presence: RoomPresence, now: number): RoomHappening[] {
    const events: RoomHappening[] = [];
    const { connections, members } = presence.occupancy;
    if (connections > 0 && !this.#isOccupied) {
      this.#isOccupied = true;
      this.#tell(events, { type: "room.occupied", at: now, occupancy: presence.occupancy });
    }
    if (this.tellsMembers) {
      for (const coming of this.#knowsMembers ? comings : this.#meet(presence))
        this.#come(events, coming, now);
    }
    this.#seeMissing(events, presence, now);
    if (this.#isOccupied && connections + members === 0 && this.#missing === null) {
      this.#isOccupied = false;
      this.#tell(events, { type: "room.vacated", at: now });
    }
    return events;
  }

  /** Those who are here when members are told for the first time. */
  #meet(presence: RoomPresence): readonly Coming[] {
    this.#store.forgetMembers();
    this.#knowsMembers = true;
    return presence.users.map((user) => ({ kind: "joined", user }));
  }

  /** Who is back after a crash has not come, and who was never told of has not left. */
  #come(events: RoomHappening[], coming: Coming, now: number): void {
    if (coming.kind === "joined" && this.#store.addMember(coming.user.id))
      this.#tell(events, { type: "member.joined", at: now, user: coming.user });
    if (coming.kind === "left" && this.#store.removeMember(coming.user))
      this.#tell(events, { type: "member.left", at: now, user: { id: coming.user } });
  }

  #seeMissing(events: RoomHappening[], presence: RoomPresence, now: number): void {
    const { connections, members } = presence.occupancy;
    const isAway = (user: string) => !presence.isHere(user);
    if (this.#doubt !== "none" && this.#missing === null) {
      const isDeserted = this.#doubt === "all" && this.#isOccupied && connections + members === 0;
      if (isDeserted || (this.tellsMembers && this.#store.members.some(isAway)))
        this.#missing = now + COME_BACK_WITHIN_MS;
    }
    this.#doubt = "none";
    // If the clock was set back, it is over.
    const isOver =
      this.#missing !== null && (this.#missing <= now || this.#missing > now + COME_BACK_WITHIN_MS);
    if (!isOver) return;
    this.#missing = null;
    if (!this.tellsMembers) return;
    for (const user of this.#store.members.filter(isAway)) this.#come(events, { kind: "left", user }, now);
  }

  #tell(events: RoomHappening[], event: RoomHappening): void {
    if (this.#wanted.has(event.type)) events.push(event);
  }
}
