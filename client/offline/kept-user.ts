import { isRecord, parseJson } from "../../src/protocol/index.ts";
import type { RoomContext } from "../room/room-keeper.ts";
import { fits } from "../util/wire.ts";
import type { OfflineStorage } from "./offline-storage.ts";
import { lastUserKey } from "./outbox-record.ts";
import { within } from "./within.ts";

const LAST_USER = { user: "text", sub: ["optional", "text"] } as const;

/** What was read is to be shown at once. */
const TOKEN_WITHIN_MS = 300;

/** Whose is what is kept, before a server has said it. */
export class KeptUser {
  readonly #context: RoomContext;
  readonly #key: string;
  /** While a token is waited for. A connection that opens waits for it anyway. Never rejects. */
  waiting: Promise<unknown> | undefined;
  /** A later call counts, while an earlier one still waits for its token. */
  #calls = 0;

  constructor(context: RoomContext) {
    this.#context = context;
    this.#key = lastUserKey(context.base);
  }

  /**
   * Who was greeted last, unless the present token is that of another one or there is none. A token that cannot be had
   * says nothing, as offline.
   */
  async last(storage: OfflineStorage): Promise<string | undefined> {
    const last = await this.#read(storage);
    if (last === undefined) return undefined;
    const { tokens, ports } = this.#context;
    const asked = within(ports.clock, TOKEN_WITHIN_MS, tokens.get());
    this.waiting = asked
      .catch(() => {})
      .finally(() => {
        this.waiting = undefined;
      });
    try {
      const token = await asked;
      return token !== null && subjectOf(token) === last.sub ? last.user : undefined;
    } catch {
      return last.user;
    }
  }

  /** This user was greeted. `tokens` has the token that did it, unless it was replaced since. */
  async remember(storage: OfflineStorage, user: string): Promise<void> {
    const call = ++this.#calls;
    const token = await this.#context.tokens.get();
    if (call !== this.#calls) return;
    const sub = token === null ? undefined : subjectOf(token);
    await storage.update([this.#key], () => [{ user, ...(sub !== undefined && { sub }) }]);
  }

  /** Who was greeted last, whatever the token says. */
  async known(storage: OfflineStorage): Promise<string | undefined> {
    return (await this.#read(storage))?.user;
  }

  async forget(storage: OfflineStorage): Promise<void> {
    this.#calls += 1;
    await storage.update([this.#key], () => [undefined]);
  }

  async #read(storage: OfflineStorage) {
    const entries = await storage.list(this.#key);
    const last = entries.find(({ key }) => key === this.#key)?.value;
    return isRecord(last) && fits(LAST_USER, last) ? last : undefined;
  }
}

/** Whom a token is for. A server may go by another claim, so this is only compared. */
function subjectOf(token: string): string | undefined {
  try {
    const [, payload = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const claims = parseJson(new TextDecoder().decode(bytes));
    return isRecord(claims) && typeof claims.sub === "string" ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
