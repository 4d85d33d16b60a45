import type { UserIdentity } from "../access/identity.ts";
import type { CountedEntry, JournalEntry } from "../object/journal.ts";
import type { Traffic } from "../object/traffic.ts";
import type { Occupancy } from "../protocol/index.ts";
import type { RoomCounts } from "../registry/counts.ts";
import type { AddressedItem } from "../session-rooms/room-side/session-members.ts";
import type { Mention } from "./people/mentions.ts";
import type { AuditEntry } from "./people/permissions.ts";
import type { AddressedDispatch } from "./relays/relay-calls.ts";
import type { DueMessage } from "./time/waiting-message.ts";

/** A value before a flush and after it. */
export interface Step<T> {
  readonly before: T;
  readonly after: T;
}

/** What keeps a room's object alive. */
export interface RoomLife {
  /** How many connections the alarm has to look after. */
  readonly connections: number;
  /** Whether there is anything that must not be forgotten. */
  readonly isKept: boolean;
  /** When the room has something to do that no connection causes, in milliseconds; `null`: nothing. */
  readonly wakeAt: number | null;
}

/**
 * What one flush leaves to be done outside of the room. The room has no other way to cause anything but frames on its
 * sockets and rows in its tables: the code that runs a flush must do all of it.
 *
 * To add a consumer (webhooks, metrics, a registry): read what it needs here, in `RoomRuntime`'s `#carryOut`.
 */
export interface Effects {
  /** Users who were mentioned, now or in a flush before, and are not connected: they are notified. */
  readonly mentions: readonly Mention[];
  /** What goes to the users' objects for the sessions that joined this room, in order. */
  readonly deliveries: readonly AddressedItem[];
  /** What the relays are told. */
  readonly dispatches: readonly AddressedDispatch[];
  /** Acts of moderation, for the log. */
  readonly audit: readonly AuditEntry[];
  /** Users who were banned: they follow this room no longer. */
  readonly banned: readonly string[];
  /** Scheduled messages whose time has come. Each is answered by `Schedule.judged`. */
  readonly due: readonly DueMessage[];
  /** Users whose permission has to be asked for. Each is answered by `Permits.answered`. */
  readonly questions: readonly UserIdentity[];
  /** What users cost, in millionths of a US dollar: a sample. */
  readonly spent: readonly (readonly [user: string, units: number])[];
  /** Connections that opened or closed since the last flush, and what was refused: for the log. */
  readonly journal: readonly JournalEntry[];
  /** Those that opened or closed at relays, which write the log: for the metrics. */
  readonly counted: readonly CountedEntry[];
  /** What was published and sent since the last flush: for the metrics. */
  readonly traffic: Traffic;
  /** `seq` of the last stored event: those in between were stored by this flush. A purge starts again at 0. */
  readonly head: Step<number>;
  /** `before` is what the last flush left, so no change is missed between two flushes. */
  readonly occupancy: Step<Occupancy>;
  /** What the registry knows of the room, after the flush. */
  readonly counts: RoomCounts;
  /** When to flush again if nothing arrives, in milliseconds; `null`: not at all. A few seconds ahead at most. */
  readonly dueAt: number | null;
  /** What the object's alarm has to look after while it sleeps. */
  readonly life: RoomLife;
}
