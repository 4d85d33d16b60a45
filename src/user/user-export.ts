// The export of a user, page by page: what their own object holds, and then what the rooms hold that it knows.

import { EXPORT_VERSION, type Preferences } from "../protocol/index.ts";
import type { InboxLog } from "./inbox/inbox-log.ts";
import { DEFAULT_PREFERENCES } from "./inbox/preferences.ts";
import type { KnownRooms } from "./known-rooms.ts";
import type { PushStore } from "./push/push-store.ts";

/** Of one page. */
const PAGE_ROWS = 200;

/** What it needs of the object of a room. */
export interface ExportedFrom {
  userData(
    user: string,
    after: number,
  ): Promise<{ readonly lines: string; readonly messages: number; readonly next: number | null }>;
}

export interface UserExportPorts {
  readonly user: string;
  readonly inbox: InboxLog;
  readonly preferences: { readonly current: Preferences };
  readonly subscriptions: PushStore;
  readonly rooms: KnownRooms;
  room(name: string): ExportedFrom;
  /** A room could not be reached. */
  failed(room: string, error: unknown): void;
}

/** How far an export has come: what the next page begins with. */
type Place =
  | { readonly part: "user" }
  | { readonly part: "notifications"; readonly after: number }
  | { readonly part: "rooms"; readonly at: number; readonly after: number }
  | { readonly part: "over" };

export class UserExport {
  readonly #ports: UserExportPorts;
  readonly #rooms: readonly (readonly [name: string, isFollowed: boolean])[];
  readonly #count = { messages: 0, notifications: 0, missing: 0 };
  #place: Place = { part: "user" };

  constructor(ports: UserExportPorts) {
    this.#ports = ports;
    const rooms = Array.from(ports.rooms.all, ([name, { isFollowed }]) => [name, isFollowed] as const);
    this.#rooms = rooms.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The next lines, each with its end; `undefined`: that was all. */
  async next(now: number): Promise<string | undefined> {
    const place = this.#place;
    switch (place.part) {
      case "user":
        return this.#user(now);
      case "notifications":
        return this.#notifications(place.after);
      case "rooms":
        return this.#room(place.at, place.after);
      case "over":
        return undefined;
    }
  }

  #user(now: number): string {
    const { user, preferences, subscriptions } = this.#ports;
    this.#place = { part: "notifications", after: 0 };
    const devices = subscriptions.all.map(({ endpoint, madeAt }) =>
      lineOf({ type: "push", endpoint, at: madeAt }),
    );
    return userLine(user, preferences.current, now) + devices.join("");
  }

  #notifications(after: number): string {
    const page = this.#ports.inbox.whole(after, PAGE_ROWS);
    const last = page.at(-1);
    this.#count.notifications += page.length;
    this.#place =
      last === undefined ? { part: "rooms", at: 0, after: 0 } : { part: "notifications", after: last.seq };
    return page.map(({ json }) => `{"type":"notification","notification":${json}}\n`).join("");
  }

  async #room(at: number, after: number): Promise<string> {
    const [name, followed] = this.#rooms[at] ?? [];
    if (name === undefined) {
      this.#place = { part: "over" };
      return lineOf({ type: "end", ...this.#count });
    }
    const head = after === 0 ? lineOf({ type: "room", room: name, followed }) : "";
    try {
      const { lines, messages, next } = await this.#ports.room(name).userData(this.#ports.user, after);
      this.#count.messages += messages;
      this.#place = { part: "rooms", at: next === null ? at + 1 : at, after: next ?? 0 };
      return head + lines;
    } catch (error) {
      this.#ports.failed(name, error);
      this.#count.missing += 1;
      this.#place = { part: "rooms", at: at + 1, after: 0 };
      return head + lineOf({ type: "missing", room: name });
    }
  }
}

/** The export of a user who was never here. */
export const exportOfNobody = (user: string, now: number): string =>
  userLine(user, DEFAULT_PREFERENCES, now) +
  lineOf({ type: "end", messages: 0, notifications: 0, missing: 0 });

const userLine = (user: string, preferences: Preferences, at: number): string =>
  lineOf({ type: "user", version: EXPORT_VERSION, user, at, preferences });

const lineOf = (line: object): string => `${JSON.stringify(line)}\n`;
