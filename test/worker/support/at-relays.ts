// Where the sockets of rooms are in this run: at the rooms' objects, or (`RELAY_ABOVE` is 0) all at relays. A test that looks
// at sockets asks here for their object, so that it is the same test in both runs.

import { env } from "cloudflare:workers";
import { it } from "vitest";
import { RelayObject, RoomObject } from "../../../src/index.ts";
import { relayName } from "../../../src/room/relays/relay-calls.ts";
import { hubOf, nextRelay } from "../../../src/room/relays/relay-numbers.ts";
import { roomObject } from "./worker.ts";

export const IS_RELAYED = Number(Reflect.get(env, "RELAY_ABOVE")) === 0;

/** What sockets of rooms belong to. */
export interface SocketHolder extends DurableObject {
  webSocketMessage(ws: WebSocket, frame: string | ArrayBuffer): Promise<void>;
}

export const SocketObject = IS_RELAYED ? RelayObject : RoomObject;

/** The relay with which each room begins. */
const FIRST_RELAY = nextRelay(new Set()) ?? 1;
if (Reflect.get(env, "UNDER_HUBS") === "on" && hubOf(FIRST_RELAY) === 0)
  throw new Error("relays have no hub");

const relayObject = (room: string, number: number) => env.RELAYS.getByName(relayName(room, number));

/** The object that has the sockets of a room. */
export const socketsOf = (room: string) => (IS_RELAYED ? relayObject(room, FIRST_RELAY) : roomObject(room));

/** The object of a room, and those of its relay and of that one's hub. */
export function objectsOf(room: string) {
  const hub = hubOf(FIRST_RELAY);
  const numbers = IS_RELAYED ? [...(hub === 0 ? [] : [hub]), FIRST_RELAY] : [];
  return [roomObject(room), ...numbers.map((number) => relayObject(room, number))];
}

/**
 * A test that is about the room's own sockets by its nature: `why` says what of it a relay does not have, or does in another
 * way. Where all sockets are at relays it is no test.
 */
export function itAtRoom(_why: string, title: string, run: () => Promise<void>): void {
  if (!IS_RELAYED) it(title, run);
}
