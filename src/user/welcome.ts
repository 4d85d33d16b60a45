// The first frames of a session: `connected`, the replay or the latest notifications, `caughtUp`.

import { caughtUp, REPLAY } from "../object/answers.ts";
import { joinFrames } from "../object/frames.ts";
import { MAX_SESSION_ROOMS, PROTOCOL_VERSION, type SessionConnected } from "../protocol/index.ts";
import type { InboxLog } from "./inbox/inbox-log.ts";
import type { SessionConnection, UserSettings } from "./session-connection.ts";

interface Wanted extends Pick<UserSettings, "limits" | "reconnect"> {
  readonly since: string | undefined;
  /** How many of the latest notifications to send without a replay. */
  readonly history: number;
}

export function welcome(
  session: SessionConnection,
  inbox: InboxLog,
  { since, history, limits, reconnect }: Wanted,
  now: number,
): void {
  const { frameBytes } = session;
  const { topics, id } = session.state;
  const { recovery, after } = inbox.recover(since);
  const page =
    recovery === "complete"
      ? inbox.eventsAfter(after, topics, now)
      : { events: inbox.latest(topics, history, now), seq: inbox.head, more: false };
  const connected: SessionConnected = {
    type: "connected",
    protocol: PROTOCOL_VERSION,
    connection: id,
    user: session.user,
    expiresAt: session.identity.expiresAt,
    unread: inbox.unread(now),
    epoch: inbox.epoch,
    head: inbox.head,
    floor: inbox.floor,
    recovery: page.more ? "partial" : recovery,
    limits: { ...limits, frameBytes, rooms: MAX_SESSION_ROOMS },
    reconnect,
    at: now,
  };
  session.update({ stage: page.more ? { at: "paging", after: page.seq } : { at: "live" } });
  session.socket.send(JSON.stringify(connected));
  for (const frame of joinFrames(page.events, session, REPLAY)) session.socket.send(frame);
  session.socket.send(caughtUp(page.seq, page.more));
}
