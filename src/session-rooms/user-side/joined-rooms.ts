// The rooms that a session has joined, and how far it has received each. The session's frames get the name of their room
// here, and nowhere else.

import type { Closing, Left } from "../../protocol/index.ts";
import type { JoinedRoom, JoinedRooms, SessionConnection } from "../../user/session-connection.ts";
import type { ItemAnswer, SessionItem } from "../session-delivery.ts";

export const roomsOf = (session: SessionConnection): JoinedRooms => session.state.rooms;

export const joinedRoom = (session: SessionConnection, room: string): JoinedRoom | undefined =>
  Object.hasOwn(session.state.rooms, room) ? session.state.rooms[room] : undefined;

/** Whether it is in the room by the same `join`, and has not joined again meanwhile. */
export const isStill = (
  session: SessionConnection,
  room: string,
  joined: Pick<JoinedRoom, "join"> | undefined,
): boolean => joined !== undefined && joinedRoom(session, room)?.join === joined.join;

export function setJoined(session: SessionConnection, room: string, joined: JoinedRoom | undefined): void {
  const { [room]: _, ...others } = session.state.rooms;
  session.update({ rooms: joined === undefined ? others : { ...others, [room]: joined } });
}

/** How far one delivery of a room brought its sessions. It is written at its end: once, and only where it moved. */
export type Told = Map<SessionConnection, number>;

/** Passes an item of a room on to a session, if it follows on what the session has received. */
export function passOn(
  session: SessionConnection,
  room: string,
  item: SessionItem,
  toldNow: Told,
): ItemAnswer {
  const joined = joinedRoom(session, room);
  if (joined === undefined) return { kind: "gone" };
  const { after, upTo, frames, left } = item;
  if (joined.join !== item.join) {
    // It joins again: until the new stay begins, what it sent in the one before is still answered.
    return joined.told === null ? passLast(session, room, item) : { kind: "taken" };
  }
  const told = toldNow.get(session) ?? joined.told;
  const follows = after === null || after === told;
  if (!follows && left === undefined) {
    // A delivery that was taken before: its answer was lost on the way back.
    if (told !== null && upTo <= told && after < told) return { kind: "taken" };
    return { kind: "behind", seq: told ?? -1 };
  }
  // After a gap its cursor must not move on.
  for (const frame of follows ? frames : []) session.socket.send(withRoom(frame, room));
  if (left !== undefined) {
    toldNow.delete(session);
    end(session, room, left);
  } else if (upTo !== told) toldNow.set(session, upTo);
  return { kind: "taken" };
}

/** Writes how far a session has received, with all its other rooms: that is why it is done once a delivery. */
export function keepTold(session: SessionConnection, room: string, told: number): void {
  const joined = joinedRoom(session, room);
  if (joined !== undefined) setJoined(session, room, { ...joined, told });
}

/** As `passOn`, for a stay that the session is about to end, or to begin again: nothing follows on it. */
export function passLast({ socket }: SessionConnection, room: string, { frames }: SessionItem): ItemAnswer {
  for (const frame of frames) socket.send(withRoom(frame, room));
  return { kind: "taken" };
}

/** Tells a session that a room has ended for it. */
export function end(session: SessionConnection, room: string, closing: Closing): void {
  setJoined(session, room, undefined);
  session.socket.send(JSON.stringify({ type: "left", room, ...closing } satisfies Left));
}

/** Every frame of a room is an object with at least a type. `connected` names its room itself. */
const withRoom = (frame: string, room: string): string =>
  frame.startsWith('{"type":"connected",') ? frame : `{"room":"${room}",${frame.slice(1)}`;
