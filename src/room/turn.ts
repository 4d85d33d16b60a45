import { Delivery, type Outlet } from "./delivery.ts";
import type { Mention } from "./people/mentions.ts";
import type { AuditEntry } from "./people/permissions.ts";
import type { DueMessage } from "./time/waiting-message.ts";

/** When something happens outside of a flush, or in one. In milliseconds. */
export type Moment = Pick<Turn, "now"> & Partial<Pick<Turn, "delivery">>;

/** One flush that is under way: its moment, what it sends, and what it leaves to be done (`Effects`). */
export class Turn {
  /** In milliseconds. The same for everything of one flush. */
  readonly now: number;
  readonly delivery: Delivery;
  readonly mentions: Mention[] = [];
  readonly audit: AuditEntry[] = [];
  readonly banned: string[] = [];
  readonly due: DueMessage[] = [];

  constructor(now: number, outlet: Outlet) {
    this.now = now;
    this.delivery = new Delivery(outlet, now);
  }
}
