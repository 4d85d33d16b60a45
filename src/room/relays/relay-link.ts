// One relay, as its room knows it.

import type { RoomConnection } from "../people/room-connection.ts";
import { EndedThere } from "./ended-there.ts";
import type {
  Dispatch,
  DispatchAnswer,
  ExpelStep,
  Position,
  RelayCount,
  RelayStep,
  RelaySums,
  StoredRelay,
  Upload,
} from "./relay-calls.ts";
import { RelayQuestions } from "./relay-questions.ts";
import type { RelaySocket } from "./relay-socket.ts";
import { RelaySteps } from "./relay-steps.ts";
import { splitDispatch } from "./split-dispatch.ts";

export const NOBODY: RelaySums = { connections: 0, members: 0, anonymous: 0 };

export const plus = (a: RelaySums, b: RelaySums): RelaySums => ({
  connections: a.connections + b.connections,
  members: a.members + b.members,
  anonymous: a.anonymous + b.anonymous,
});

/** A connection at a relay, while the room holds it. */
export interface Held {
  readonly connection: RoomConnection;
  readonly socket: RelaySocket;
  /** When it was heard last, in milliseconds. */
  touchedAt: number;
  /** The number of the dispatch that opens it at its relay; `null`: that is not made yet. */
  openedWith: number | null;
  /** The number of the last dispatch that tells its relay its state; 0: none does. */
  toldWith: number;
}

export class RelayLink implements StoredRelay {
  readonly number: number;
  region: string;
  readonly steps = new RelaySteps();
  readonly held = new Map<string, Held>();
  readonly ended = new EndedThere();
  readonly questions = new RelayQuestions();
  /** Connections whose joins are not decided yet. */
  readonly joining = new Set<string>();
  /** Whether it has said in this life of the room who is there. */
  isKnown = false;
  /** `due`: it is asked with the next dispatch who is there. */
  question: "none" | "due" | "under way" = "none";
  /** Connections that are gone while dispatches are under way: their answers may still have them. */
  readonly goneMeanwhile = new Set<string>();
  /** Dispatches were given up, and none has come since: what it has is unknown, and what it missed. */
  #lost: "nothing" | "no steps" | "steps" = "nothing";
  /** As it said last. */
  #sums: RelaySums = NOBODY;
  /** Whom the room has opened and closed there since, of which it cannot have said: in this flush, and in dispatches. */
  #change: RelaySums = NOBODY;
  readonly #changes = new Map<number, RelaySums>();
  /** Those that the next dispatch opens. */
  #opening: Held[] = [];
  #lastCount: { readonly life: string; readonly count: number } | undefined;
  /** Those that were sent there since it said how many it has. */
  #sent = 0;
  #number = 0;
  /** Of the room's object, once it has dispatched something. */
  #life: string | undefined;
  /** The numbers of dispatches that are not known to have come, in order. */
  readonly #underWay = new Set<number>();
  /** Where it is in the log when all that it was given has come; `null`: not known. */
  #at: Position | null = null;
  #waiting: readonly string[] = [];
  #lists = 0;
  /** It has in memory what was stored or changed after this place, as it said last; `null`: it has not said. */
  #holds: Position | null = null;
  /** What it says of that counts if it has taken a later dispatch than this: events were not sent there, as it was empty. */
  #passedOverAt = 0;
  #lastUpload: Pick<Upload, "relayLife" | "number"> | undefined;

  constructor({ number, region }: StoredRelay, isNew: boolean) {
    this.number = number;
    this.region = region;
    this.isKnown = isNew;
    if (!isNew) this.question = "due";
  }

  get sums(): RelaySums {
    let sums = plus(this.#sums, this.#change);
    for (const change of this.#changes.values()) sums = plus(sums, change);
    return sums;
  }

  /** Whether nobody is there, and nothing is to be said. */
  get isEmpty(): boolean {
    if (!this.isKnown || this.isOutOfReach || this.held.size + this.joining.size > 0) return false;
    return this.sums.connections === 0 && this.steps.isEmpty && !this.questions.areDue;
  }

  /** Whether there is something to send. */
  get hasWork(): boolean {
    return !this.steps.isEmpty || this.question === "due" || this.questions.areDue;
  }

  /** Has it say who is there, with the next dispatch. */
  ask(): void {
    if (this.question === "none" && !this.isEmpty) this.question = "due";
  }

  /** A connection is gone: an answer that is on its way may still have it. */
  hasGone(id: string): void {
    if (this.#underWay.size > 0) this.goneMeanwhile.add(id);
  }

  /** Of those that the room holds the ones that the relay would have named, had it still had them by dispatch `number`. */
  *notNamed(there: ReadonlySet<string>, number: number): Generator<RoomConnection> {
    for (const held of [...this.held.values()]) {
      const { connection, openedWith } = held;
      const wasOpen = openedWith !== null && openedWith <= number;
      if (connection.user !== null && wasOpen && !there.has(connection.state.id)) yield connection;
    }
  }

  /** How many it has, and may soon have. */
  get expected(): number {
    return this.sums.connections + this.#sent;
  }

  /** Whether it could not be reached, and has not answered since. */
  get isOutOfReach(): boolean {
    return this.#lost !== "nothing";
  }

  /** Whether it has all that it was given. */
  get isSettled(): boolean {
    return this.#underWay.size === 0 && this.steps.isEmpty;
  }

  /** Whether it has a dispatch, or knows that it missed it. In a busy room a later one is always under way. */
  hasHeard(number: number): boolean {
    if (this.isOutOfReach) return false;
    const [first = Number.POSITIVE_INFINITY] = this.#underWay;
    return number < first;
  }

  /** The number of its last dispatch. */
  get dispatched(): number {
    return this.#number;
  }

  /** A connection was sent there. */
  wasChosen(): void {
    this.#sent++;
  }

  /** It says how many it has. An answer and an upload may overtake each other: an older count says nothing. */
  says(life: string, { count, after, holds, ...sums }: RelayCount): void {
    this.#sent = 0;
    if (this.#lastCount?.life === life && count <= this.#lastCount.count) return;
    this.#lastCount = { life, count };
    this.#sums = sums;
    const knows = after !== null && after.life === this.#life && after.number > this.#passedOverAt;
    this.#holds = knows ? holds : null;
    if (after === null || after.life !== this.#life) return;
    for (const number of this.#changes.keys()) if (number <= after.number) this.#changes.delete(number);
  }

  /** It holds what was stored or changed after this `seq` of a log; infinite: nothing. */
  heldFrom(epoch: string): number {
    return this.#holds?.epoch === epoch ? this.#holds.seq : Number.POSITIVE_INFINITY;
  }

  /** Whether it has anybody is unknown. */
  saysNothing(): void {
    this.#sums = NOBODY;
  }

  /** A connection gets its first frames with the next dispatch. */
  opens(connection: RoomConnection): void {
    const held = this.held.get(connection.state.id);
    if (held !== undefined) this.#opening.push(held);
    this.counts(connection, 1);
  }

  /** Closes connections that the room may not hold. */
  expel(step: ExpelStep): void {
    this.steps.add(step);
    this.ended.add({ kind: "many", whom: step.whom, expulsion: step.expulsion });
  }

  /** A connection gets its first frames (1), or is closed (-1): it counts before the relay says so. */
  counts({ user }: RoomConnection, by: 1 | -1): void {
    const [members, anonymous] = user === null ? [0, by] : [by, 0];
    this.#change = plus(this.#change, { connections: by, members, anonymous });
  }

  /** Whether an upload is one that was taken before. */
  hasTaken({ relayLife, number, items }: Upload): boolean {
    const last = this.#lastUpload;
    if (last?.relayLife === relayLife && number <= last.number) return true;
    this.#lastUpload = { relayLife, number };
    for (const item of items) if (item.kind === "join") this.joining.add(item.id);
    return false;
  }

  /** The room has let a connection in, or not. */
  decides(step: Extract<RelayStep, { do: "admitted" | "refused" }>): void {
    this.joining.delete(step.id);
    this.steps.add(step);
  }

  /** A list of connections with something that still waits, which the relay is about to get. */
  lists(waiting: readonly string[]): Pick<Dispatch, "waiting" | "waitingAs"> {
    this.#waiting = waiting;
    return { waiting, waitingAs: ++this.#lists };
  }

  /** What a flush has for it. `waiting`: connections with something that still waits. */
  dispatch(
    life: string,
    before: Position,
    upTo: Position,
    waiting: readonly string[],
    head: Pick<Dispatch, "openStreams" | "recent">,
  ): readonly Dispatch[] {
    const { isEmpty } = this;
    if (isEmpty && this.question !== "due") {
      // It takes the next one whatever it follows on.
      this.#at = null;
      this.#passesOver();
      return NOTHING;
    }
    const isAsked = this.question === "due";
    const moves = before.seq !== upTo.seq || before.epoch !== upTo.epoch;
    const isNews = waiting.length > 0 || this.#waiting.length > 0;
    if (!this.hasWork && !moves && !isNews) return NOTHING;
    const asksWho = isAsked || this.isOutOfReach;
    if (asksWho) this.question = "under way";
    const after = this.#at ?? before;
    this.#at = upTo;
    const number = this.#number + 1;
    this.#life = life;
    if (this.#change !== NOBODY) this.#changes.set(number, this.#change);
    this.#change = NOBODY;
    const taken = this.steps.take();
    const dispatches = splitDispatch({
      ...{ life, number, after, upTo, asksWho, ...head },
      ...this.lists(waiting),
      ...taken,
      asks: NO_QUESTIONS,
      ...(this.#lost === "steps" && { hasLost: true }),
    });
    this.#number += dispatches.length;
    this.#says(taken.steps);
    if (isEmpty) this.#passesOver();
    for (const dispatch of dispatches) this.#underWay.add(dispatch.number);
    // When the last one has taken effect all have.
    const asks = this.questions.take(this.#number);
    return dispatches.map((one) => (one.number === this.#number ? { ...one, asks } : one));
  }

  #passesOver(): void {
    this.#holds = null;
    this.#passedOverAt = this.#number;
  }

  /** Dispatches have come, or are lost (`undefined`): what it had to do with them is over. */
  settled(dispatches: readonly Dispatch[], answer: DispatchAnswer | undefined): void {
    for (const { number } of dispatches) {
      this.#underWay.delete(number);
      this.#changes.delete(number);
    }
    this.questions.settled(
      dispatches.map(({ number }) => number),
      answer?.replies,
    );
    if (answer !== undefined) {
      this.#lost = "nothing";
      this.says(answer.life, answer.sums);
    } else if (dispatches.some(({ steps }) => steps.length > 0)) this.#lost = "steps";
    else if (this.#lost === "nothing") this.#lost = "no steps";
    if (this.#underWay.size === 0) this.goneMeanwhile.clear();
    for (const { socket } of this.held.values()) socket.settled();
  }

  /** The last dispatch that was made says these, or one of its parts does. */
  #says(steps: readonly RelayStep[]): void {
    for (const step of steps) {
      const held = step.do === "state" || step.do === "open" ? this.held.get(step.id) : undefined;
      if (held !== undefined) held.toldWith = this.#number;
    }
    for (const held of this.#opening) held.openedWith = this.#number;
    this.#opening = [];
    this.ended.dispatched(this.#number);
  }
}

const NOTHING: readonly Dispatch[] = [];
const NO_QUESTIONS: Dispatch["asks"] = [];
