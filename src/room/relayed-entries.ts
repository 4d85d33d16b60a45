// The events of a delivery on their way to a relay: whom they are for, as ids, and there as connections again.

import type { Audience, DeliveryEntry } from "./audience.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RelayEntry } from "./relays/relay-calls.ts";

export function relayEntryOf(entry: DeliveryEntry): RelayEntry {
  const { kind, json } = entry;
  switch (kind) {
    case "stored": {
      const { event, instead, now } = entry;
      const stored = { kind, json, event, ...(now !== undefined && { now }) };
      if (instead === undefined || instead.on.relay === null) return stored;
      return { ...stored, instead: { on: instead.on.state.id, answer: instead.answer } };
    }
    case "signal": {
      const { event, by, exceptUser, toUser } = entry;
      return {
        ...{ kind, json, event },
        ...(by !== undefined && { by: by.state.id }),
        ...(exceptUser !== undefined && { exceptUser }),
        ...(toUser !== undefined && { toUser }),
      };
    }
    case "members":
    case "receipt":
      return { kind, json };
    case "append":
      return { kind, json, event: entry.event, target: entry.target };
    case "only": {
      const { to, toUser } = entry;
      return {
        kind,
        json,
        to: Array.from(to, ({ state }) => state.id),
        ...(toUser !== undefined && { toUser }),
      };
    }
  }
}

/** The connections of a relay. */
export interface RelayedConnections {
  find(id: string): RoomConnection | undefined;
  connectionsOf(user: string): ReadonlySet<RoomConnection>;
}

/** Who receives an event at a relay; `undefined`: nobody. */
export function audienceOf(entry: RelayEntry, at: RelayedConnections): Audience | undefined {
  switch (entry.kind) {
    case "stored": {
      const { kind, event, instead } = entry;
      const on = instead && at.find(instead.on);
      return {
        ...{ kind, event },
        ...(instead !== undefined && on !== undefined && { instead: { on, answer: instead.answer } }),
      };
    }
    case "signal": {
      const { kind, event, by, exceptUser, toUser } = entry;
      const except = new Set(exceptUser === undefined ? [] : at.connectionsOf(exceptUser));
      const sender = by === undefined ? undefined : at.find(by);
      if (sender !== undefined) except.add(sender);
      if (toUser === undefined) return { kind, event, except };
      const to = at.connectionsOf(toUser);
      return to.size === 0 ? undefined : { kind, event, except, to };
    }
    case "append":
      return { kind: entry.kind, event: entry.event, target: entry.target };
    case "only": {
      const to = new Set(entry.toUser === undefined ? [] : at.connectionsOf(entry.toUser));
      for (const id of entry.to) {
        const connection = at.find(id);
        if (connection !== undefined) to.add(connection);
      }
      return to.size === 0 ? undefined : { kind: entry.kind, to };
    }
    default:
      return { kind: entry.kind };
  }
}
