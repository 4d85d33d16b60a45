// A session: one socket of a user, what the Worker checked before it opened, and what outlives a sleep of its object.

import type { UserIdentity } from "../access/identity.ts";
import type { RoomsClaim } from "../access/room-permission.ts";
import { BaseConnection, type BaseConnectionState, isCurrent } from "../object/connection.ts";
import type { Limits, ReconnectLimits, Topics } from "../protocol/index.ts";
import type { StoredClaim } from "./session-claims.ts";

/** What the Worker has checked, and passes to the user's object with the upgrade. */
export interface SessionUpgrade {
  readonly identity: UserIdentity;
  /** The `rooms` claim of the token, if it has one. */
  readonly claim?: RoomsClaim;
  readonly since?: string;
  readonly history: number;
  readonly topics: Topics;
  /** The largest frame that the client takes, in bytes. Left out: any. */
  readonly frameBytes?: number;
  /** The session that its client gave up for this one. */
  readonly replaces?: string;
  readonly speaksOurProtocol: boolean;
  /** Its client has no socket, and fetches the frames. */
  readonly polls?: true;
}

/** What the deployer's configuration says to a user's object. */
export interface UserSettings {
  readonly inboxLimit: number;
  readonly maxConnections: number;
  readonly limits: Limits;
  readonly reconnect: ReconnectLimits;
}

/** `paging`: a replay that is too long for one batch goes on page by page; until its end nothing new is sent. */
export type SessionStage = { readonly at: "paging"; readonly after: number } | { readonly at: "live" };

export interface JoinedRoom {
  /** Tells one `join` of the same room from the next. */
  readonly join: string;
  /** The highest `seq` that the session was sent; `null`: nothing yet. */
  readonly told: number | null;
}

export type JoinedRooms = Readonly<Record<string, JoinedRoom>>;

export interface SessionState extends BaseConnectionState {
  readonly identity: UserIdentity;
  readonly stage: SessionStage;
  /** What its token says of rooms. */
  readonly claim: StoredClaim;
  readonly rooms: JoinedRooms;
  /** The session that its client gave up: its rooms close that one before this one speaks in them. */
  readonly replaces?: string;
}

export class SessionConnection extends BaseConnection<SessionState> {
  get identity(): UserIdentity {
    return this.state.identity;
  }

  override get user() {
    return this.identity.user;
  }
}

export const readSessionState = (attachment: unknown): SessionState | undefined =>
  isSessionState(attachment) ? attachment : undefined;

const isSessionState = (attachment: unknown): attachment is SessionState => isCurrent(attachment);
