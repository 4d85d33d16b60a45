// Who is kept out of a room, and the acts of its moderators.

import type { Actor } from "../access/identity.ts";
import type { Departure } from "../object/close-codes.ts";
import { type RevokedTokens, revokedRefusal } from "../object/revocation.ts";
import {
  accept,
  type Ban,
  type Outcome,
  type OwnSettings,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { Expelled, Expulsion } from "./people/expulsion.ts";
import { mayModerate, nameOf, signatureOf, tooLittle } from "./people/permissions.ts";
import type { Receipts } from "./people/receipts.ts";
import type { RoomSettings, SettingsPatch } from "./people/room-settings.ts";
import type { UserRecords } from "./people/user-records.ts";
import type { Moment, Turn } from "./turn.ts";

export interface Kick {
  readonly user: string;
  /** 0: may return at once. */
  readonly banSeconds: number;
  readonly reason?: string | undefined;
  /** What the user is told. */
  readonly message?: string | undefined;
}

export interface BansPage {
  readonly bans: readonly Ban[];
  readonly more: boolean;
}

interface Moderated {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly receipts: Receipts;
  readonly users: UserRecords;
}

export interface ModerationPorts {
  /** Closes connections, and shows the others that they are gone. */
  expel(whom: Expelled, expulsion: Expulsion, departure: Departure, at: Moment): void;
  newEpoch(): string;
  /** Deletes what was to come into the log. */
  purgeSchedule(): void;
}

const MAX_BANS = 1_000;

const NO_SUCH_BAN = refuse("not_found", "after is nobody who is banned now", { path: ["after"] });
/** Settings that delete what users said. */
const OF_SERVER = ["historyLimit", "historySeconds"] as const;

export class Moderation {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  readonly #receipts: Receipts;
  readonly #records: UserRecords;
  readonly #ports: ModerationPorts;

  constructor({ settings, log, receipts, users }: Moderated, ports: ModerationPorts) {
    this.#settings = settings;
    this.#log = log;
    this.#receipts = receipts;
    this.#records = users;
    this.#ports = ports;
  }

  /** Whether the user's object tells this room when tokens are revoked. */
  isKnownTo(user: string): boolean {
    return this.#records.admissionRecord(user).isKnown;
  }

  /** Why this actor is kept out, if so: banned, held for their costs, or with a void token. */
  refusalFor({ identity }: Actor, now: number): Refusal | undefined {
    if (identity.kind !== "user") return undefined;
    const { bannedUntil, revokedTokens, heldUntil } = this.#records.admissionRecord(identity.user.id);
    if (bannedUntil > now) {
      return refuse("banned", "you are banned from this room", { retryAfterMs: bannedUntil - now });
    }
    if (heldUntil > now) {
      const retryAfterMs = heldUntil - now;
      return refuse("rate_limited", "this user has used up what one may cost a day", { retryAfterMs });
    }
    return revokedRefusal(identity, revokedTokens, now);
  }

  /** The user has used up what one may cost a day: their connections are closed, and none opens before `until`. */
  hold(user: string, until: number, turn: Turn): void {
    const { now, audit } = turn;
    if (until <= now || this.#records.admissionRecord(user).heldUntil >= until) return;
    this.#records.setHold(user, until);
    const closing = { code: "rate_limited", retryAfterMs: until - now } as const;
    this.#ports.expel({ user }, { closing }, "left", turn);
    audit.push({ act: "hold", by: null, user, until });
  }

  /** These tokens of `user` are revoked from now on; connections that use one are closed. */
  revoke(user: string, revokedTokens: RevokedTokens, at: Moment): void {
    if (this.#isNews(user, revokedTokens)) this.#setRevoked(user, revokedTokens, this.isKnownTo(user), at);
  }

  /**
   * What the user's object answered to an opening. It may be new, if a revocation did not reach this room: then it is
   * written at once, as the object takes it that the room knows. Else it is written when `isWritten` says.
   */
  recordRevocation(
    user: string,
    revokedTokens: RevokedTokens,
    at: Moment,
    isWritten: "at once" | "with the next flush",
  ): void {
    if (this.#isNews(user, revokedTokens)) this.#setRevoked(user, revokedTokens, true, at);
    else if (this.isKnownTo(user)) return;
    else if (isWritten === "at once") this.#records.setRevoked(user, revokedTokens, true);
    else this.#records.becomeKnown(user);
  }

  /** Writes who has become known to users' objects. */
  writeKnown(): void {
    this.#records.writeKnown();
  }

  #isNews(user: string, { upTo }: RevokedTokens): boolean {
    return upTo > this.#records.admissionRecord(user).revokedTokens.upTo;
  }

  #setRevoked(user: string, revokedTokens: RevokedTokens, isKnown: boolean, at: Moment): void {
    this.#records.setRevoked(user, revokedTokens, isKnown);
    this.#ports.expel({ user }, { revoked: revokedTokens }, "lost", at);
  }

  /** With their next opening the user's object is asked again, and they follow the room again. A revocation stays. */
  forget(user: string): void {
    this.#records.unknow(user);
  }

  kick(actor: Actor, { user, banSeconds, reason, message }: Kick, turn: Turn): Outcome<undefined> {
    if (!mayModerate(actor)) return reject(tooLittle(actor, "moderate"));
    const { now, audit, banned } = turn;
    const by = nameOf(actor);
    const banMs = banSeconds * 1_000;
    if (banMs > 0) {
      this.forget(user);
      this.#records.setBan({ user, until: now + banMs, at: now, by, reason });
      banned.push(user);
    }
    const end = banMs > 0 ? ({ code: "banned", retryAfterMs: banMs } as const) : KICKED;
    const closing = { ...end, ...(message !== undefined && { message }) };
    this.#ports.expel({ user }, { closing }, "left", turn);
    audit.push({ act: "kick", ...signatureOf(actor), user, banSeconds });
    return accept(undefined);
  }

  isBanned(user: string, now: number): boolean {
    return this.#records.admissionRecord(user).bannedUntil > now;
  }

  hasBans(now: number): boolean {
    return this.#records.hasBans(now);
  }

  /** The next to end first; `after`: those that follow the ban of that user. */
  bans(actor: Actor, after: string | undefined, now: number): Outcome<BansPage> {
    if (!mayModerate(actor)) return reject(tooLittle(actor, "moderate"));
    const until = after === undefined ? now : this.#records.admissionRecord(after).bannedUntil;
    if (after !== undefined && until <= now) return reject(NO_SUCH_BAN);
    const page = this.#records.bans(
      now,
      MAX_BANS + 1,
      after === undefined ? undefined : { until, user: after },
    );
    return accept({ bans: page.slice(0, MAX_BANS), more: page.length > MAX_BANS });
  }

  /** For an export: at most `limit` bans in force that follow `after`. */
  bansAfter(after: Pick<Ban, "until" | "user"> | undefined, limit: number, now: number): readonly Ban[] {
    return this.#records.bans(now, limit, after);
  }

  unban(actor: Actor, user: string, { audit }: Turn): Outcome<undefined> {
    if (!mayModerate(actor)) return reject(tooLittle(actor, "moderate"));
    this.#records.liftBan(user);
    audit.push({ act: "unban", ...signatureOf(actor), user });
    return accept(undefined);
  }

  configure(actor: Actor, patch: SettingsPatch, { audit }: Turn): Outcome<OwnSettings> {
    if (!mayModerate(actor)) return reject(tooLittle(actor, "moderate"));
    const { maxConnections = 1, historyLimit } = patch;
    const kept = OF_SERVER.find((setting) => patch[setting] !== undefined);
    if (kept !== undefined && actor.identity.kind !== "server")
      return reject(refuse("forbidden", `${kept} takes an API key`, { path: [kept] }));
    const most = this.#settings.maxConnectionsOfAnyRoom;
    if (maxConnections > most) {
      const message = `maxConnections is at most ${most} here (MAX_CONNECTIONS_PER_ROOM)`;
      return reject(refuse("bad_request", message, { path: ["maxConnections"] }));
    }
    const change = () => this.#settings.change(patch);
    if (historyLimit === undefined || historyLimit === this.#settings.historyLimit) change();
    else this.#log.setRetention(historyLimit, change);
    audit.push({ act: "settings", ...signatureOf(actor), settings: patch });
    return accept(this.#settings.own);
  }

  /** For server code, as the Worker has checked. Log, receipts and scheduled messages go; settings and bans stay. */
  purge(actor: Actor, turn: Turn): Outcome<undefined> {
    // The connections are closed last: if deleting fails, they stay. Receipts go first: no position may be left that the
    // new log has yet to reach.
    this.#receipts.purge();
    this.#ports.purgeSchedule();
    this.#log.purge(this.#ports.newEpoch());
    this.#ports.expel("everybody", { closing: { code: "deleted" } }, "left", turn);
    turn.audit.push({ act: "purge", ...signatureOf(actor) });
    return accept(undefined);
  }
}

const KICKED = refuse("forbidden", "you were removed, and may come back at once");
