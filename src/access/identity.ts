import type { Permission, User } from "../protocol/index.ts";
import type { RoomsClaim } from "./room-permission.ts";

/** By how many milliseconds the clock of the token signer may differ from the server's. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** The dates of a token, in milliseconds. */
export interface Dated {
  readonly expiresAt: number;
  /** At most `CLOCK_TOLERANCE_MS` ahead; `null`: the token has no date. */
  readonly issuedAt: number | null;
}

/** What an object needs of a token to judge whether it is revoked. */
export const datesOf = ({ expiresAt, issuedAt }: Dated): Dated => ({ expiresAt, issuedAt });

/** When a token without a date expires; `null`: the token has a date. */
export const undatedUntil = ({ issuedAt, expiresAt }: Dated): number | null =>
  issuedAt === null ? expiresAt : null;

export interface UserIdentity extends Dated {
  readonly kind: "user";
  readonly user: User;
}

/** A token whose signature and claims were checked. */
export interface VerifiedToken {
  readonly identity: UserIdentity;
  /** `undefined`: the token has no `rooms` claim. */
  readonly rooms: RoomsClaim | undefined;
}

/** A caller without a token. */
export interface AnonymousIdentity {
  readonly kind: "anonymous";
  /** The key of the allowance: the IPv4 address, or the IPv6 /64. Neither logged nor sent to anyone. */
  readonly address: string;
}

export const anonymous = (address: string): AnonymousIdentity => ({ kind: "anonymous", address });

/** Who acts, as the Worker has checked. The rules trust it. */
export type Identity =
  | UserIdentity
  | AnonymousIdentity
  /** `key`: the name of the API key, if it has one. For log lines only. */
  | { readonly kind: "server"; readonly key?: string };

export type ServerIdentity = Extract<Identity, { kind: "server" }>;

/** Who acts in one room, and what they may do there. */
export interface Actor {
  readonly identity: Identity;
  readonly permission: Permission;
  /**
   * Until when `permission` counts, in milliseconds, if the deployer's back end decides it. Left out: as long as the
   * token.
   */
  readonly permissionUntil?: number;
}

export const userOf = (identity: Identity): User | null => (identity.kind === "user" ? identity.user : null);

/** The Worker and the objects themselves, when no API key calls. */
export const SERVER: Actor = { identity: { kind: "server" }, permission: "moderate" };
