// The way from a room to one hub: one call at a time, which does not wait for slow relays. What is not known to have come
// stays here, so that a hub may die.

import { type RetryPorts, retry } from "../../object/retry.ts";
import { type HubAnswer, type HubCall, packed, type RelayResult } from "./hub-calls.ts";
import type { AddressedDispatch, Dispatch, DispatchAnswer } from "./relay-calls.ts";
import { firstOfCall } from "./split-dispatch.ts";

export interface HubLinePorts extends RetryPorts {
  /** Of the room's object. */
  readonly life: string;
  pass(call: HubCall): Promise<HubAnswer>;
  answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer): void;
  lost(relay: number, dispatches: readonly Dispatch[]): void;
  /** Answers were taken in, or there are none to come. */
  heard(): void;
  failed(error: unknown): void;
}

/** A hub that cannot be reached for longer: its relays find out by themselves what they have missed. */
const TRIES = 4;
/** So long the room waits with a call that only asks for answers, at most, in milliseconds. */
const ASK_EVERY_MS = 250;

export class HubLine {
  readonly #ports: HubLinePorts;
  /** In order. */
  #next: AddressedDispatch[] = [];
  /** The hub has them. */
  #underWay: AddressedDispatch[] = [];
  #hub: string | null = null;
  #number = 0;
  #running: Promise<void> | undefined;
  #arrived = Promise.withResolvers<void>();

  constructor(ports: HubLinePorts) {
    this.#ports = ports;
  }

  take(addressed: AddressedDispatch): void {
    this.#next.push(addressed);
    this.#arrived.resolve();
    this.open();
  }

  /** Calls the hub, though there be nothing to send: it is placed where it is first called. */
  open(): void {
    this.#running ??= this.#run();
  }

  /** Settles when nothing is under way. */
  get settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    // The rest of a flush goes along.
    await Promise.resolve();
    for (;;) {
      await this.#call();
      this.#ports.heard();
      if (this.#next.length + this.#underWay.length === 0) break;
      if (this.#next.length === 0) await this.#pause();
    }
    this.#running = undefined;
  }

  /** Until there is something to send, but not for long. */
  async #pause(): Promise<void> {
    const { wait, random } = this.#ports;
    this.#arrived = Promise.withResolvers();
    await Promise.race([wait(ASK_EVERY_MS * (0.5 + random() / 2)), this.#arrived.promise]);
  }

  async #call(): Promise<void> {
    const taken = this.#next.splice(0, firstOfCall(this.#next));
    this.#underWay.push(...taken);
    const head = { life: this.#ports.life, hub: this.#hub, number: ++this.#number };
    const call: HubCall = { ...head, ...packed(taken) };
    try {
      const answer = await retry(() => this.#ports.pass(call), TRIES, this.#ports);
      this.#hub = answer.life;
      if (answer.kind === "taken") for (const result of answer.results) this.#settle(result);
      // What its relays had is passed over there.
      else this.#next.unshift(...this.#underWay.splice(0));
    } catch (error) {
      this.#ports.failed(error);
      this.#hub = null;
      for (const { number, dispatch } of this.#underWay.splice(0)) this.#ports.lost(number, [dispatch]);
    }
  }

  #settle({ relay, upTo, answer }: RelayResult): void {
    const isOver = ({ number, dispatch }: AddressedDispatch) => number === relay && dispatch.number <= upTo;
    const over = this.#underWay.filter(isOver).map(({ dispatch }) => dispatch);
    if (over.length === 0) return;
    this.#underWay = this.#underWay.filter((addressed) => !isOver(addressed));
    if (answer === null) this.#ports.lost(relay, over);
    else this.#ports.answered(relay, over, answer);
  }
}
