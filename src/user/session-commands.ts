// The commands of a session: who answers them, what they cost of the session's allowance, and what they do.

import { okAnswer, pageAnswer, pagedToTheEnd, pong, RETIRED } from "../object/answers.ts";
import {
  type HistoryCommand,
  type JoinCommand,
  type LeaveCommand,
  MAX_EVENTS_PAGE,
  type NotificationState,
  type PresenceCommand,
  pageBytesOf,
  type Refusal,
  refuse,
  type SessionCommand,
} from "../protocol/index.ts";
import { targetOf } from "../validation/commands.ts";
import type { RoomFrame } from "../validation/parse-session-frame.ts";
import type { InboxLog, MarkResult, MarkSelection } from "./inbox/inbox-log.ts";
import type { SessionConnection } from "./session-connection.ts";

/** Answered by the user's object alone. `auth` is not among them: its token is checked before. */
export type InboxCommand = Exclude<SessionCommand, { type: "auth" | "join" | "leave" | "presence" }>;

/** Passed on to the rooms of the session. */
export type RoomsCommand = RoomFrame | JoinCommand | LeaveCommand | PresenceCommand;

export const isForRooms = (command: InboxCommand | RoomsCommand): command is RoomsCommand =>
  ["roomFrame", "join", "leave", "presence"].includes(command.type);

/**
 * What a command for rooms costs here. A frame is counted by its room; `leave` is free, so that every session can
 * leave; a presence goes to each of the `joined` rooms.
 */
export function roomsCommandCost({ type }: RoomsCommand, joined: number): number {
  if (type === "presence") return Math.max(1, joined);
  return type === "join" ? 1 : 0;
}

const ONLY_AFTER = refuse("bad_request", "history takes after here; notifications gives the latest", {
  path: ["after"],
});

/** What the commands of an inbox act on. */
export interface InboxTarget {
  readonly inbox: InboxLog;
  /** Marks, and tells all sessions. */
  mark(selection: MarkSelection, state: NotificationState, now: number): MarkResult;
}

/** Carries out a command and answers it, or returns why not. */
export function applyInboxCommand(
  target: InboxTarget,
  session: SessionConnection,
  command: InboxCommand,
  now: number,
): Refusal | undefined {
  const { inbox } = target;
  const { socket } = session;
  switch (command.type) {
    case "mark": {
      const { unread } = target.mark(targetOf(command), command.state, now);
      socket.send(okAnswer(command.id, { unread }));
      return undefined;
    }
    case "notifications": {
      const maxBytes = pageBytesOf(session.frameBytes);
      const page = inbox.list({ ...command, maxBytes }, now);
      socket.send(pageAnswer(command.id, "notifications", page, { unread: inbox.unread(now) }));
      return undefined;
    }
    case "topics": {
      const { stage } = session.state;
      session.update({ topics: command.topics });
      const seq = stage.at === "paging" ? stage.after : inbox.head;
      socket.send(okAnswer(command.id, { topics: command.topics, seq }));
      return undefined;
    }
    case "history":
      return replayPage(inbox, session, command, now);
    case "ping":
      socket.send(pong(command.id, now));
      return undefined;
  }
}

/** One page of events. If it is the last of a long replay, the session is live from now on. */
function replayPage(
  inbox: InboxLog,
  session: SessionConnection,
  { id, after, limit }: HistoryCommand,
  now: number,
): Refusal | undefined {
  if (after === undefined) return ONLY_AFTER;
  if (!inbox.holdsAfter(after)) return RETIRED;
  const { stage, topics } = session.state;
  const maxBytes = pageBytesOf(session.frameBytes);
  const page = inbox.eventsAfter(after, topics, now, limit ?? MAX_EVENTS_PAGE, maxBytes);
  const { floor } = inbox;
  session.socket.send(pageAnswer(id, "events", page, { seq: page.seq, floor }));
  if (stage.at === "paging" && stage.after === after) {
    session.update({ stage: page.more ? { at: "paging", after: page.seq } : { at: "live" } });
    if (!page.more) session.socket.send(pagedToTheEnd(page.seq, floor));
  }
  return undefined;
}
