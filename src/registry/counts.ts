// What rooms and users report to the registry: absolute numbers, so a report that is lost is made good by the next one.

/** One room. A room that is occupied has `connections`. */
export type RoomCounts = {
  /** Users, each once. */
  readonly members: number;
  /** Sockets and sessions, with those of anonymous readers. */
  readonly connections: number;
  /** Connections without a token. */
  readonly anonymous: number;
  /** Connections that are a joined room on a session. */
  readonly sessions: number;
  /** The last `seq` of the log. */
  readonly head: number;
  /** How many messages it has ever stored. */
  readonly messages: number;
};

/** One user. A user who is online has `sessions`. */
export type UserCounts = {
  readonly sessions: number;
  /** How many notifications the user has ever got. */
  readonly notifications: number;
};

export type Counts = RoomCounts | UserCounts;

/** Numbers that only grow, by name: how much each has grown since the last report. */
export type Counters = Readonly<Record<string, number>>;

/** What an object tells the registry. */
export interface Report<C extends Counts> {
  /** `null`: the object has forgotten itself. */
  readonly counts: C | null;
  /** As they were when it forgot itself, if it still knows. */
  readonly left?: C;
  /** Whether the numbers may change without another report: then the registry asks before it answers. */
  readonly asks: boolean;
  readonly counters?: Counters;
}

/** Whether a room is occupied, or a user online. */
export const isActive = (counts: Counts): boolean =>
  ("connections" in counts ? counts.connections : counts.sessions) > 0;

/** What only grows, unless the object has forgotten itself. */
export const totalOf = (counts: Counts): number =>
  "messages" in counts ? counts.messages : counts.notifications;

/** A report for each notification of a user who is away would cost half as much as the notification. */
const NOTIFICATIONS_A_REPORT = 8;

/** How often what only grows was worth a report. */
export const stepsOf = (counts: Counts): number =>
  "messages" in counts ? counts.messages : Math.ceil(counts.notifications / NOTIFICATIONS_A_REPORT);

/** Both are literals of the same fields in the same order. */
export const areSame = (one: Counts, other: Counts): boolean => {
  const values = Object.values(other);
  return Object.values(one).every((value, at) => value === values[at]);
};
