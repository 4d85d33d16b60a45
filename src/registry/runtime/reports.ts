// The reports of one object: when one is due it is called, and nothing waits for it.

import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import type { Placement } from "../../object/runtime/object-stub.ts";
import type { Counts, Report, RoomCounts, UserCounts } from "../counts.ts";
import { Reporter } from "../reporter.ts";
import { shardFor } from "./registry.ts";

const failedReports = new LimitedLog("report_failed");

export class Reports<C extends Counts> {
  readonly #waitUntil: (work: Promise<unknown>) => void;
  /** `undefined`: there is no registry. */
  readonly #call: ((report: Report<C>) => Promise<void>) | undefined;
  readonly #reporter: Reporter<C>;

  /** `counts`: as the object found them when it woke. */
  constructor(
    state: Pick<DurableObjectState, "waitUntil">,
    counts: C,
    call: ((report: Report<C>) => Promise<void>) | undefined,
  ) {
    this.#waitUntil = (work) => state.waitUntil(work);
    this.#call = call;
    this.#reporter = new Reporter(counts, Date.now());
  }

  /** Adds to a counter of the deployment. What is not reported before the object sleeps is lost. */
  count(name: string, by: number): void {
    if (this.#call !== undefined) this.#reporter.count(name, by);
  }

  /** To be called after whatever may have changed the counts. `isThere`: whether there is anything to know of. */
  settle(counts: C, isThere = true): void {
    const report = this.#call && this.#reporter.take(counts, Date.now());
    if (report !== undefined) this.#send(isThere ? report : { ...report, counts: null, asks: false });
  }

  /** When the alarm has to wake the object for a report, in milliseconds; `null`: it does not. */
  alarmAt(counts: C): number | null {
    return this.#call === undefined ? null : this.#reporter.alarmAt(counts, Date.now());
  }

  /** The alarm went off: it may have been set for a report, before the object slept. */
  doubt(): void {
    this.#reporter.doubt();
  }

  /** The answer to a question of the registry. */
  answer(counts: C, isThere = true): Report<C> {
    const report = this.#reporter.answered(counts);
    return isThere ? report : { ...report, counts: null, asks: false };
  }

  /** The object forgets itself. */
  gone(): void {
    this.#send({ counts: null, asks: false });
  }

  #send(report: Report<C>): void {
    const call = this.#call?.(report).catch((error: unknown) => {
      this.#reporter.failed(report);
      failedReports.note("any", { error }, Date.now());
    });
    if (call !== undefined) this.#waitUntil(call);
  }
}

export function reportsOfRoom(
  state: Pick<DurableObjectState, "waitUntil">,
  { REGISTRY }: Pick<Env, "REGISTRY">,
  placement: Placement,
  room: string,
  counts: RoomCounts,
): Reports<RoomCounts> {
  const call =
    REGISTRY &&
    (async (report: Report<RoomCounts>) => shardFor(REGISTRY, room, placement).reportRoom(room, report));
  return new Reports(state, counts, call);
}

export function reportsOfUser(
  state: Pick<DurableObjectState, "waitUntil">,
  { REGISTRY }: Pick<Env, "REGISTRY">,
  placement: Placement,
  user: string,
  counts: UserCounts,
): Reports<UserCounts> {
  const call =
    REGISTRY &&
    (async (report: Report<UserCounts>) => shardFor(REGISTRY, user, placement).reportUser(user, report));
  return new Reports(state, counts, call);
}
