// Who may come into a room, and whose acts count: what the room knows of a user, and when it asks the user's object.

import {
  type Actor,
  type Dated,
  datesOf,
  type Identity,
  undatedUntil,
  userOf,
  type VerifiedToken,
} from "../access/identity.ts";
import { FULL, NOT_YOURS, UNREACHABLE } from "../object/answers.ts";
import type { Departure } from "../object/close-codes.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import { accept, type Outcome, type Refusal, reject } from "../protocol/index.ts";
import type { SessionJoin } from "../session-rooms/session-delivery.ts";
import type { RoomConnection, RoomUpgrade } from "./people/room-connection.ts";
import type { Room } from "./room.ts";
import { HERE, type Seating } from "./seats.ts";

/** What it needs of the object of a user. */
export interface RemoteUser {
  registerRoom(room: string, undatedUntil: number | null): Promise<Outcome<RevokedTokens>>;
  revokedTokens(undatedUntil: number | null, act?: ActInRoom): Promise<RevokedTokens>;
  mayCreateRoom(): Promise<Outcome<undefined>>;
}

/** What the room does not know of its relays. */
export interface RemoteRelays {
  /** How many connections of a user, or from an address, are there. */
  count(identity: Identity, region: string): Promise<number>;
  /** Takes in the connection that a client gave up, if one of them has it. */
  recall(connection: string, identity: Identity): Promise<void>;
}

/** A user is about to leave something in a room. */
export interface ActInRoom {
  readonly room: string;
  readonly token: Dated;
}

/** Why a user's object is asked. */
export type UserInquiry = "registerRoom" | "mayCreateRoom" | "revokedTokens";

export interface AdmissionPorts {
  user(id: string): RemoteUser;
  /** Left out, or `undefined`: all sockets are here. */
  relays?(): RemoteRelays | undefined;
  /** Whether anything is stored of the room. */
  isMade(): boolean;
  /** Settles when what waits was done. */
  flush(): Promise<void>;
  /** As `flush`, without waiting for it. */
  startFlush(): void;
  /** Settles when a session has left, after what it sent before has taken effect. */
  leave(session: string, departure: Departure): Promise<void>;
  now(): number;
  unreachable(inquiry: UserInquiry, user: string, error: unknown): void;
  /** Checks the signature and claims of a token. Never rejects. */
  verify(token: string): Promise<Outcome<VerifiedToken>>;
  /** Who its bearer is in this room, and what they may do. It may ask the back end. Never rejects. */
  authorize(token: VerifiedToken): Promise<Outcome<Actor>>;
}

/** What the client of a newcomer gave up. */
interface Replacing {
  readonly replaces?: string;
  readonly replacesSession?: string;
}

type Bearer = Pick<Actor, "identity">;

export class Admission {
  readonly #room: Room;
  readonly #ports: AdmissionPorts;
  /** Openings that have not taken their place yet. */
  readonly #pending = new Set<{ readonly user: string | undefined }>();

  constructor(room: Room, ports: AdmissionPorts) {
    this.#room = room;
    this.#ports = ports;
  }

  /** Whether something is about to open: the room must not be forgotten meanwhile. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** Whether this user has anything open here, or is about to. */
  isOpenTo(user: string): boolean {
    return this.#room.connections.isOpenTo(user) || [...this.#pending].some((one) => one.user === user);
  }

  /**
   * Opens a socket, or refuses it. `admit` takes it in, in the turn in which nothing stands against it. `place`: of one at
   * a relay.
   */
  async open<T>(upgrade: RoomUpgrade, admit: () => T, place?: Seating): Promise<Outcome<T>> {
    const { actor } = upgrade;
    const tooFast = this.#room.chargeConnect(actor, this.#ports.now());
    if (tooFast !== undefined) return reject(tooFast);
    return this.#pend(actor, async () => {
      const at = await this.#atRelays(upgrade, place);
      await this.#letLeave(actor, at);
      let refusal = this.#openingRefusal(actor, upgrade, at);
      if (refusal === undefined && upgrade.counted && this.#hasToAsk(actor)) {
        // The answer, and what happened meanwhile, may be a reason too.
        refusal = (await this.#register(actor)) ?? this.#openingRefusal(actor, upgrade, at);
      }
      refusal ??= await this.#replace(actor, upgrade, at);
      return refusal === undefined ? accept(admit()) : reject(refusal);
    });
  }

  /** Why a session may not join, if so. If it may, it has joined. */
  join(join: SessionJoin): Promise<Refusal | undefined> {
    const { actor, connection } = join;
    const { sessions } = this.#room;
    return this.#pend(actor, async () => {
      // Joining again starts over: the session must not stand in its own way.
      if (sessions.find(connection) !== undefined) await this.#ports.leave(connection, "lost");
      const at = { ...(await this.#atRelays({ actor })), isSocketHere: false };
      await this.#letLeave(actor, at);
      const user = userOf(actor.identity);
      if (user !== null) this.#learn(user.id, join.revokedTokens);
      const refusal =
        this.#openingRefusal(actor, join, at) ??
        this.#hasNoPlaceFor(join) ??
        (await this.#replace(actor, join, at));
      if (refusal !== undefined) return refusal;
      // Another one may have come in while the one before it left.
      if (sessions.areFull) return FULL;
      sessions.join(join);
      return undefined;
    });
  }

  /** Checks the token of an `auth`. The back end and the user's object are asked last: not for a token that opens nothing. */
  async verify(connection: RoomConnection, token: string): Promise<Outcome<Actor>> {
    const verified = await this.#ports.verify(token);
    if (!verified.ok) return verified;
    const { identity } = verified.value;
    if (identity.user.id !== connection.user?.id) return reject(NOT_YOURS);
    const barred = this.#room.moderation.refusalFor({ identity, permission: "none" }, this.#ports.now());
    if (barred !== undefined) return reject(barred);
    const actor = await this.#ports.authorize(verified.value);
    if (!actor.ok || undatedUntil(identity) === null) return actor;
    const refusal = await this.#checkToken({ identity });
    return refusal === undefined ? actor : reject(refusal);
  }

  /** Why a call that stores something in a room that was never made is refused, if so: users create so many a day. */
  async mayMake({ identity }: Bearer): Promise<Refusal | undefined> {
    if (this.#ports.isMade() || identity.kind !== "user") return undefined;
    const counted = await this.#ask("mayCreateRoom", identity.user.id, (user) => user.mayCreateRoom());
    return counted.ok ? undefined : counted.refusal;
  }

  /**
   * Why an act that lasts does not count, if so. If a user's object tells this room of each revocation, the room knows;
   * it asks for any other user, and for a token without a date, which the object has to know. `leaves`: something of the
   * user stays in the room, which the object has to know too.
   */
  async judge(bearer: Bearer, leaves = false): Promise<Refusal | undefined> {
    return this.#hasToAsk(bearer) ? this.#checkToken(bearer, leaves) : undefined;
  }

  /** Tells the user's object of a token without a date, and learns which tokens are revoked: `Moderation.bars` judges then. */
  async #checkToken({ identity }: Bearer, leaves = false): Promise<Refusal | undefined> {
    if (identity.kind !== "user") return undefined;
    const { id } = identity.user;
    const act = leaves ? { room: this.#room.name, token: datesOf(identity) } : undefined;
    const asked = await this.#ask("revokedTokens", id, async (user) =>
      accept(await user.revokedTokens(undatedUntil(identity), act)),
    );
    if (!asked.ok) return asked.refusal;
    this.#room.moderation.revoke(id, asked.value, { now: this.#ports.now() });
    return undefined;
  }

  /** Whether the user's object has to be asked before their token counts. */
  #hasToAsk({ identity }: Bearer): boolean {
    if (identity.kind !== "user") return false;
    return undatedUntil(identity) !== null || !this.#room.moderation.isKnownTo(identity.user.id);
  }

  /**
   * With a user's first opening their object learns of the room, and the room which of their tokens are revoked: from then
   * on it learns of revocations. A token without a date is reported each time.
   */
  async #register({ identity }: Bearer): Promise<Refusal | undefined> {
    if (identity.kind !== "user") return undefined;
    const { id } = identity.user;
    const { moderation, name } = this.#room;
    if (moderation.isKnownTo(id)) return this.judge({ identity });
    const opened = await this.#ask("registerRoom", id, (user) =>
      user.registerRoom(name, undatedUntil(identity)),
    );
    if (!opened.ok) return opened.refusal;
    this.#learn(id, opened.value);
    return undefined;
  }

  /** The user's object has told this room which tokens are revoked, and takes it that the room hears of the next ones. */
  #learn(user: string, revokedTokens: RevokedTokens): void {
    // A room without tables would answer to a revocation that there is none.
    const isWritten = this.#ports.isMade() ? "with the next flush" : "at once";
    this.#room.moderation.recordRevocation(user, revokedTokens, { now: this.#ports.now() }, isWritten);
  }

  async #ask<T>(
    inquiry: UserInquiry,
    id: string,
    ask: (user: RemoteUser) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    try {
      return await ask(this.#ports.user(id));
    } catch (error) {
      this.#ports.unreachable(inquiry, id, error);
      return reject(UNREACHABLE);
    }
  }

  async #pend<T>({ identity }: Bearer, run: () => Promise<T>): Promise<T> {
    const pending = { user: userOf(identity)?.id };
    this.#pending.add(pending);
    try {
      return await run();
    } finally {
      this.#pending.delete(pending);
    }
  }

  /** What only relays know of a newcomer is asked first. A single call is over before it would be in the way. */
  async #atRelays(
    { actor: { identity }, replaces, region = "", isCall }: Pick<RoomUpgrade, "actor"> & Partial<RoomUpgrade>,
    place?: Seating,
  ): Promise<Seating> {
    const relays = this.#ports.relays?.();
    if (place !== undefined || relays === undefined || isCall) return place ?? HERE;
    if (replaces !== undefined) await relays.recall(replaces, identity);
    return { ...HERE, atRelays: await relays.count(identity, region) };
  }

  /** A close is answered before its leave takes effect: until then the connection may fill the room. */
  async #letLeave(actor: Actor, place: Seating): Promise<void> {
    if (this.#room.hasWork && this.#room.openingRefusal(actor, this.#ports.now(), place) === FULL)
      await this.#ports.flush();
  }

  /** Why a newcomer is refused, if so. What is gone without a word does not count, nor what its client gives up for it. */
  #openingRefusal(
    actor: Actor,
    { replaces, replacesSession }: Replacing,
    place: Seating,
  ): Refusal | undefined {
    const room = this.#room;
    const now = this.#ports.now();
    room.sweepIfDue(now);
    const refusal = room.openingRefusal(actor, now, place);
    if (refusal === FULL) {
      const { identity } = actor;
      if (replaces !== undefined && room.mayGiveUp(replaces, identity)) return undefined;
      if (replacesSession !== undefined && room.sessions.mayGiveUp(replacesSession, userOf(identity)?.id))
        return undefined;
      // Sessions that are gone without a word may be what fills it.
      room.sessions.inquireIfStale(now);
    }
    // The refused one does not wait until the others know who was just found gone.
    if (refusal !== undefined && room.hasWork) this.#ports.startFlush();
    return refusal;
  }

  /** Sessions have a bound of their own. */
  #hasNoPlaceFor({ actor: { identity }, replacesSession }: SessionJoin): Refusal | undefined {
    const { sessions } = this.#room;
    const frees = replacesSession !== undefined && sessions.mayGiveUp(replacesSession, userOf(identity)?.id);
    return sessions.areFull && !frees ? FULL : undefined;
  }

  /**
   * Closes what its client gave up, once nothing else stands in the way of the newcomer: one that is refused closes
   * nothing. Refuses if there is no place even so.
   */
  async #replace(
    actor: Actor,
    { replaces, replacesSession }: Replacing,
    place: Seating,
  ): Promise<Refusal | undefined> {
    if (replaces === undefined && replacesSession === undefined) return undefined;
    const room = this.#room;
    const needsPlace =
      room.openingRefusal(actor, this.#ports.now(), place) === FULL ||
      (replacesSession !== undefined && room.sessions.areFull);
    const isAtRelay =
      replaces !== undefined &&
      room.mayGiveUp(replaces, actor.identity) &&
      room.connections.find(replaces)?.relay !== null;
    if (replaces !== undefined) room.giveUp(replaces, actor.identity);
    if (replacesSession !== undefined) room.sessions.giveUp(replacesSession, userOf(actor.identity)?.id);
    if (!needsPlace) return undefined;
    // The place that it wants is the one that it gives up.
    await this.#ports.flush();
    const atRelays = place.atRelays - (isAtRelay ? 1 : 0);
    return this.#openingRefusal(actor, {}, { ...place, atRelays });
  }
}
