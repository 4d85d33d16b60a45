// The reports of one object: when one is due it is called, and nothing waits for it.

import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import type { Placement } from "../../object/runtime/object-stub.ts";
import type { Counts, Report, RoomCounts, UserCounts } from "../counts.ts";
import { Reporter } from "../reporter.ts";
import { shardFor } from "./registry.ts";

const failedReports = new LimitedLog("report_failed");

export interface ReportsOptions<C extends Counts> {
  readonly state: Pick<DurableObjectState, "waitUntil">;
  readonly counts: C;
  failed(): Promise<void>;
}

export class Reports<C extends Counts> {
  readonly #waitUntil: (work: Promise<unknown>) => void;
  /** `undefined`: there is no registry. */
  readonly #call: ((report: Report<C>) => Promise<void>) | undefined;
  readonly #failed: () => Promise<void>;
  readonly #reporter: Reporter<C>;

  /**
   * `counts`: as the object found them when it woke. `failed` is called after a call that failed: the alarm may be needed.
   */
  constructor(
    { state, counts, failed }: ReportsOptions<C>,
    call: ((report: Report<C>) => Promise<void>) | undefined,
  ) {
    this.#waitUntil = (work) => state.waitUntil(work);
    this.#call = call;
    this.#failed = failed;
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

  /** The alarm went off, which may have been set for a report before the object slept; or the object is new. */
  doubt(): void {
    this.#reporter.doubt();
  }

  /** The answer to a question of the registry. */
  answer(counts: C, isThere = true): Report<C> {
    const report = this.#reporter.answered(counts, Date.now());
    return isThere ? report : { ...report, counts: null, asks: false };
  }

  /**
   * The object is about to forget itself. Rejects if the registry could not be told: it would list the object for ever.
   */
  async gone(counts: C): Promise<void> {
    if (this.#call !== undefined) await this.#call(this.#reporter.gone(counts, Date.now()));
  }

  #send(report: Report<C>): void {
    if (this.#call === undefined) return;
    const arrived = this.#call(report).then(
      () => this.#reporter.arrived(),
      (error: unknown) => {
        this.#reporter.failed(report, Math.random());
        failedReports.note("any", { error }, Date.now());
        return this.#failed();
      },
    );
    this.#waitUntil(arrived);
  }
}

export function reportsOfRoom(
  options: ReportsOptions<RoomCounts>,
  { REGISTRY }: Pick<Env, "REGISTRY">,
  placement: Placement,
  room: string,
): Reports<RoomCounts> {
  const call =
    REGISTRY &&
    (async (report: Report<RoomCounts>) => shardFor(REGISTRY, room, placement).reportRoom(room, report));
  return new Reports(options, call);
}

export function reportsOfUser(
  options: ReportsOptions<UserCounts>,
  { REGISTRY }: Pick<Env, "REGISTRY">,
  placement: Placement,
  user: string,
): Reports<UserCounts> {
  const call =
    REGISTRY &&
    (async (report: Report<UserCounts>) => shardFor(REGISTRY, user, placement).reportUser(user, report));
  return new Reports(options, call);
}
