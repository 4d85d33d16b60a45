// Who a client shows as here, by what it was sent. A room with relays that woke sends all its members in place of its first
// news: a list that says what was shown before is no change.

import type { Frame, TestSocket } from "./test-socket.ts";

const NEWS = ["memberJoined", "memberUpdated", "memberLeft", "members"];

type Shown = Map<string, object>;

const idOf = (member: object) => String(Reflect.get(member, "id"));
const listOf = ({ members }: Frame): Shown =>
  new Map(Array.isArray(members) ? members.map((member) => [idOf(member), member]) : []);

/** What is shown after `frame`. */
function after(shown: Shown, frame: Frame): Shown {
  const { type, member, user } = frame;
  if (type === "connected" || type === "members") return listOf(frame);
  const next = new Map(shown);
  if (type === "memberLeft") next.delete(String(user));
  else if (typeof member === "object" && member !== null) next.set(idOf(member), member);
  return next;
}

const textOf = (shown: Shown) => JSON.stringify([...shown].sort(([one], [other]) => (one < other ? -1 : 1)));

/** The news that changed what is shown, by type, and who is shown in the end. */
export function shownTo({ received }: TestSocket): { readonly changes: string[]; readonly users: string[] } {
  const changes: string[] = [];
  let shown: Shown = new Map();
  for (const frame of received) {
    const next = after(shown, frame);
    if (NEWS.includes(frame.type) && textOf(next) !== textOf(shown)) changes.push(frame.type);
    shown = next;
  }
  return { changes, users: [...shown.keys()] };
}

/** The statuses and data of a member, as a client showed them one after the other. */
export function statesShown({ received }: TestSocket, user: string): unknown[] {
  const states: string[] = [];
  let shown: Shown = new Map();
  for (const frame of received) {
    shown = after(shown, frame);
    const member = Object(shown.get(user));
    const state = JSON.stringify([Reflect.get(member, "status"), Reflect.get(member, "data")]);
    if (state !== states.at(-1)) states.push(state);
  }
  return states.map((state) => JSON.parse(state));
}

/** Settles when a client is told that `user` is here no more. */
export const shownGone = (socket: TestSocket, user: string): Promise<Frame> =>
  socket.nextOf(
    (frame) =>
      (frame.type === "memberLeft" && frame.user === user) ||
      (frame.type === "members" && !listOf(frame).has(user)),
    `${user} leaves`,
  );
