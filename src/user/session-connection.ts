import type { UserIdentity } from "../access/identity.ts";
import { Connection, type ConnectionState, isCurrent } from "../object/connection.ts";
import type { StoredClaim } from "./session-claims.ts";

/** A replay that was too long for one goes on page by page; till then nothing new comes. */
export type Stage = { readonly at: "paging"; readonly after: number } | { readonly at: "live" };

export interface JoinedRoom {
  /** Tells one `join` of the same room from the next. */
  readonly join: string;
  /** `null`: nothing yet. */
  readonly told: number | null;
}

export type JoinedRooms = Readonly<Record<string, JoinedRoom>>;

export interface SessionState extends ConnectionState {
  readonly identity: UserIdentity;
  readonly stage: Stage;
  /** What its token says of rooms. */
  readonly claim: StoredClaim;
  readonly rooms: JoinedRooms;
  /** The session that its client gave up: its rooms close that before this one speaks in them. */
  readonly replaces?: string;
}

export class SessionConnection extends Connection<SessionState> {
  get identity(): UserIdentity {
    return this.state.identity;
  }

  override get user() {
    return this.identity.user;
  }
}

export const readState = (attachment: unknown): SessionState | undefined =>
  isSessionState(attachment) ? attachment : undefined;

const isSessionState = (attachment: unknown): attachment is SessionState => isCurrent(attachment);
