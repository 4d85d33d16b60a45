// What a room tells the registry: unasked, and when it is asked.

import type { Report, RoomCounts } from "../../registry/counts.ts";
import type { Reports } from "../../registry/runtime/reports.ts";
import type { Room } from "../room.ts";

export interface RoomReportsPorts {
  /** Whether anything is stored of the room. */
  isMade(): boolean;
  flush(): Promise<void>;
  /** Settles when all that was sent to the sessions of `user` was delivered, or given up. */
  carried(user: string): Promise<void>;
}

export class RoomReports {
  readonly #room: Room;
  readonly #reports: Reports<RoomCounts>;
  readonly #ports: RoomReportsPorts;

  constructor(room: Room, reports: Reports<RoomCounts>, ports: RoomReportsPorts) {
    this.#room = room;
    this.#reports = reports;
    this.#ports = ports;
  }

  /** When the alarm has to wake the room for a report; `null`: it does not. */
  get alarmAt(): number | null {
    return this.#reports.alarmAt(this.#room.counts);
  }

  /** After a flush. */
  settle(counts: RoomCounts): void {
    this.#reports.settle(counts, this.#isThere);
  }

  /**
   * The answer to a question of the registry. Finds first who is gone: sessions outlive a crash of their own object, which
   * has to be asked.
   */
  async answer(now: number): Promise<Report<RoomCounts>> {
    const { sessions } = this.#room;
    this.#room.sweepIfDue(now);
    sessions.inquireIfStale(now);
    await this.#flushIfNeeded();
    if (sessions.size > 0) {
      await Promise.all([...sessions.users].map((user) => this.#ports.carried(user)));
      await this.#flushIfNeeded();
    }
    return this.#reports.answer(this.#room.counts, this.#isThere);
  }

  /** The alarm went off. What the registry knows is reported with the flush that follows. */
  doubt(): void {
    this.#reports.doubt();
  }

  /** The room is about to forget itself. Rejects if the registry could not be told. */
  forgetting(): Promise<void> {
    return this.#reports.gone(this.#room.counts);
  }

  async #flushIfNeeded(): Promise<void> {
    if (this.#room.hasWork) await this.#ports.flush();
  }

  /** A room that was never made is there while somebody listens. */
  get #isThere(): boolean {
    return this.#ports.isMade() || this.#room.connections.size > 0;
  }
}
