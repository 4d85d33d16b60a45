import type { Permission, User } from "../protocol/index.ts";

/** Who acts, as the Worker found out. The rules trust it. */
export type Identity =
  | {
      readonly kind: "user";
      readonly user: User;
      /** Both in milliseconds. */
      readonly expiresAt: number;
      readonly issuedAt: number;
    }
  | { readonly kind: "anonymous" }
  | { readonly kind: "server" };

/** Who acts in one room, and what they may do there. */
export interface Actor {
  readonly identity: Identity;
  readonly permission: Permission;
}

export const userOf = (identity: Identity): User | null => (identity.kind === "user" ? identity.user : null);

export const SERVER: Actor = { identity: { kind: "server" }, permission: "moderate" };
