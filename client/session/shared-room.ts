import { SharedRooms } from "../connection/transport/shared-rooms.ts";
import type { Client } from "../core/client.ts";
import { type ClientContext, contextOf } from "../core/client-context.ts";
import type { EventMap, RegisteredEvents } from "../events/event-map.ts";
import type { RoomHandle } from "../room/room-handle.ts";
import type { RoomWay } from "../room/room-registry.ts";
import type { RoomOptions } from "../room/room-types.ts";
import { sessionOf } from "./inbox-of.ts";

const ways = new WeakMap<ClientContext, RoomWay>();

function wayOf(context: ClientContext): RoomWay {
  const known = ways.get(context);
  if (known !== undefined) return known;
  const { channel, socket } = sessionOf(context);
  const rooms = new SharedRooms(context, socket, channel);
  const way: RoomWay = {
    isShared: true,
    transport: (name, path) => {
      const own = rooms.transport(name, path);
      return context.tabs?.(context, "sharedRoom", name, own) ?? own;
    },
    onOpen: () => context.channels.openSession(channel, "again"),
  };
  ways.set(context, way);
  return way;
}

/**
 * As `client.room`, but on the session's socket with the inbox and up to 50 rooms, in place of a socket of its own: for
 * quieter rooms. A room that takes no more sessions gets a socket of its own by itself. Needs a user: for an anonymous
 * client it ends `disconnected` with `unauthorized`. Throws `bad_request` if `name` is no name of a room.
 *
 * @example
 * const rooms = ["project_1", "project_2"].map((name) => sharedRoom(client, name, { history: 0 }));
 */
export const sharedRoom = <Events extends EventMap = RegisteredEvents>(
  client: Client<Events>,
  name: string,
  options: RoomOptions = {},
): RoomHandle<Events> => {
  const context = contextOf(client);
  return context.rooms.hold(name, options, wayOf(context));
};

/** As `client.peek`, for a room on the session's socket. */
export const peekShared = <Events extends EventMap = RegisteredEvents>(
  client: Client<Events>,
  name: string,
  options: RoomOptions = {},
): RoomHandle<Events> => {
  const context = contextOf(client);
  return context.rooms.peek(name, options, wayOf(context));
};
