// What the server and all devices have in the end.

import { createServerApi } from "../../client/server/index.ts";
import { API_KEY } from "../e2e/support/world.ts";
import { differenceOf, presenceOf } from "./check-end.ts";
import type { Presence } from "./history.ts";
import { itemsOf, membersOf, notificationsOf } from "./items.ts";
import { inboxAt, logOf } from "./server-code.ts";
import type { World } from "./world.ts";

export async function membersAt(url: string, room: string): Promise<readonly Presence[]> {
  const { members } = await createServerApi({ url, apiKey: API_KEY }).room(room).members();
  return members.map(({ id, status }) => ({ user: id, status }));
}

/** Whether all devices show what the server has. */
export async function isSettled({ server: { url }, rooms, seats }: World): Promise<boolean> {
  for (const [at, name] of rooms.entries()) {
    const [log, members] = await Promise.all([logOf(url, name), membersAt(url, name)]);
    for (const { device } of seats) {
      const room = device.rooms[at];
      if (room === undefined || differenceOf(itemsOf(room), log) !== undefined) return false;
      if (presenceOf(membersOf(room)) !== presenceOf(members)) return false;
    }
  }
  for (const { device } of seats) {
    const items = await inboxAt(url, device.options.user);
    if (differenceOf(notificationsOf(device.inbox), { floor: 0, items }) !== undefined) return false;
  }
  return true;
}

export async function recordEnd({ server: { url }, rooms, users, seats, history }: World): Promise<void> {
  for (const { device } of seats) device.recordViews();
  for (const log of rooms) {
    history.add({ is: "log", log, ...(await logOf(url, log)) });
    history.add({ is: "members", log, by: "server", members: await membersAt(url, log) });
    history.add({ is: "present", log, users });
  }
  const inboxes = new Map(seats.map(({ device }) => [device.options.user, device.inboxName]));
  for (const [user, log] of inboxes)
    history.add({ is: "log", log, floor: 0, items: await inboxAt(url, user) });
}
