import type { Permission, User } from "../protocol/index.ts";
import type { RoomsClaim } from "./room-permission.ts";

/** By how much the clock of the signer of tokens may differ from ours, in milliseconds. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** The dates of a token, in milliseconds. */
export interface Dated {
  readonly expiresAt: number;
  /** At most `CLOCK_TOLERANCE_MS` ahead; `null`: the token does not say. */
  readonly issuedAt: number | null;
}

/** What an object needs of a token to judge whether it was withdrawn. */
export const datesOf = ({ expiresAt, issuedAt }: Dated): Dated => ({ expiresAt, issuedAt });

/** When a token expires that has no date; `null`: it has one. */
export const undatedUntil = ({ issuedAt, expiresAt }: Dated): number | null =>
  issuedAt === null ? expiresAt : null;

export interface UserIdentity extends Dated {
  readonly kind: "user";
  readonly user: User;
}

/** What a token says whose signature and claims were checked. */
export interface VerifiedToken {
  readonly identity: UserIdentity;
  /** `undefined`: the token says nothing of rooms. */
  readonly rooms: RoomsClaim | undefined;
}

/** Somebody without a token. */
export interface AnonymousIdentity {
  readonly kind: "anonymous";
  /** Whose allowance they use: the client's address, of IPv6 its /64. Neither logged nor told to anybody. */
  readonly address: string;
}

export const anonymous = (address: string): AnonymousIdentity => ({ kind: "anonymous", address });

/** Who acts, as the Worker found out. The rules trust it. */
export type Identity =
  | UserIdentity
  | AnonymousIdentity
  /** `key`: the name of the API key, where it has one. For log lines only. */
  | { readonly kind: "server"; readonly key?: string };

/** Who acts in one room, and what they may do there. */
export interface Actor {
  readonly identity: Identity;
  readonly permission: Permission;
  /**
   * Until when `permission` is known, in milliseconds, where the deployer's back end decides it. Left out: as long as
   * the token lasts.
   */
  readonly permissionUntil?: number;
}

export const userOf = (identity: Identity): User | null => (identity.kind === "user" ? identity.user : null);

/** The Worker and the objects themselves, when no API key stands behind what they do. */
export const SERVER: Actor = { identity: { kind: "server" }, permission: "moderate" };
