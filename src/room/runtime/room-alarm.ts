// When the alarm of a room goes off next.

import { type ObjectAlarm, planAlarm, sweepDueAt } from "../../object/object-alarm.ts";
import { REPORT_EVERY_MS } from "../../registry/reporter.ts";
import type { RoomLife } from "../effects.ts";

export interface RoomAlarmPorts {
  /** When a report to the registry is due, in milliseconds; `null`: none is. */
  reportAt(): number | null;
  /** Whether anything is stored of the room. */
  isMade(): boolean;
}

export class RoomAlarm {
  readonly #alarm: ObjectAlarm;
  readonly #ports: RoomAlarmPorts;

  constructor(alarm: ObjectAlarm, ports: RoomAlarmPorts) {
    this.#alarm = alarm;
    this.#ports = ports;
  }

  async set({ connections, isKept, wakeAt }: RoomLife): Promise<void> {
    const reportAt = this.#ports.reportAt();
    if (reportAt !== null || wakeAt !== null)
      return this.#alarm.by(reportAt, wakeAt, sweepDueAt(connections, Date.now()));
    // A room that was never created has nothing to forget, and an alarm would be a row.
    if (!this.#ports.isMade()) return;
    if (this.#alarm.at === undefined) await this.#alarm.known();
    const now = Date.now();
    const current = this.#alarm.at ?? null;
    // It may be for a report that this object has forgotten in its sleep.
    if (connections > 0 && current !== null && current <= now + REPORT_EVERY_MS) return;
    const at = planAlarm({ connections, isKept: () => isKept }, current, now);
    if (at !== null) await this.#alarm.set(at);
  }
}
