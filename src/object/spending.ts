// What the acts of a user cost the deployer, and how it is reported to the user's object.
//
// All amounts are in millionths of a US dollar at list price; a row written is 1. `npm run cost -- --attack` adds up
// the same, and a test holds the two together.

/** A frame or call that reaches an object: a part of a request, and the time that the object works for it. */
export const FRAME = 0.03;
/** A call over HTTP, a connect: a request to an object, and its work. */
export const CALL = 0.2;
/** A row written, and storage for a month of as many bytes. */
export const ROW = 1;
export const BYTES_A_UNIT = 4_096;
/** An edit, a delete, a reaction: the row of the message, and that of the change. */
export const CHANGE = 2;
/** A message that expires: its row of the times, written and removed, the change, and a part of an alarm. */
export const EXPIRY = 5;
/** A message that is scheduled, beside its sending: its row, written and removed, and its alarms. */
export const SCHEDULE = 4;
/** A call of a user's object, the notification there, and perhaps a push. */
export const MENTION = 5;
/** The room works until the deployer's back end has judged a message: about a second, or less. */
export const QUESTION = 1.6;
/** The room works for as long as the grace of a member lasts whose last connection was lost. */
export const LOST = 8;
/** The first opening of a room, which may create it. */
export const OPENING = 28;
/** A position that a connection keeps until it is written: a row takes some along. One that nobody keeps is a row. */
export const READ = 0.2;
/** What a call changes in the user's own object. */
export const OWN_CHANGE = 2;
/** A session joins a room: a row now, a row when it leaves, and the calls. */
export const JOIN = 3;

/** What an act costs in addition if the back end is told of it. */
export interface TellingCosts {
  /** A message or a change: how far the back end was told. */
  readonly message: number;
  /** A member who comes or goes: that it happened, of whom, that it was told, and the removal. */
  readonly coming: number;
  /** A mention that becomes a notification: how far the back end was told, and an alarm. */
  readonly mention: number;
}
export const TELLING: TellingCosts = { message: 1, coming: 4, mention: 3 };
const NOT_TOLD: TellingCosts = { message: 0, coming: 0, mention: 0 };

/** How much one report stands for. */
export const SAMPLE = 50;

/**
 * Gathers what users cost, in samples: an act is reported with a chance that grows with its price, and then as a whole
 * sample. So the sum is right on average, whatever an object forgets while it sleeps, at one call in many acts.
 */
export class Spending {
  readonly telling: TellingCosts;
  readonly #random: () => number;
  readonly #unreported = new Map<string, number>();

  /** `random`: from 0 to below 1. */
  constructor(random: () => number, telling = NOT_TOLD) {
    this.#random = random;
    this.telling = telling;
  }

  add(user: string, units: number): void {
    const reported = units >= SAMPLE ? units : this.#random() * SAMPLE < units ? SAMPLE : 0;
    if (reported > 0) this.#unreported.set(user, (this.#unreported.get(user) ?? 0) + reported);
  }

  /** Whether something is to be reported. */
  get isDue(): boolean {
    return this.#unreported.size > 0;
  }

  /** What is to be reported now, once: users, and how much of each. */
  take(): readonly (readonly [user: string, units: number])[] {
    if (this.#unreported.size === 0) return NOTHING;
    const reports = [...this.#unreported];
    this.#unreported.clear();
    return reports;
  }
}

const NOTHING: readonly (readonly [string, number])[] = [];
