// Tabs that share one storage, each with a client, a clock and sockets of its own.

import type { OfflineOptions, OfflineSupport } from "../../../../client/offline/index.ts";
import { clientOutbox, keepOffline } from "../../../../client/offline/index.ts";
import type { RoomOptions } from "../../../../client/room/room-types.ts";
import type { SharedDisk } from "../../../support/shared-disk.ts";
import { clientForTest, type WorldOptions } from "./client-for-test.ts";
import type { Frame } from "./fake-sockets.ts";
import { caughtUp, connected } from "./frames.ts";

let tabs = 0;

/** A tab in which the lobby is open, and dialed if it could be. */
export async function openTab(
  disk: SharedDisk,
  options: WorldOptions & {
    readonly keep?: OfflineOptions;
    readonly reuse?: OfflineSupport;
    readonly stops?: boolean;
    /** The room, in place of the lobby. */
    readonly opens?: string;
    /** By how much the clock of the machine is later than that of other tabs. */
    readonly wallMs?: number;
  } = {},
  roomOptions?: RoomOptions,
) {
  const storage = disk.open();
  const { keep, reuse, stops, opens = "lobby", wallMs = 0, ...rest } = options;
  if (stops) storage.freeze();
  const offline = reuse ?? keepOffline({ storage, ...keep });
  const name = ++tabs;
  const world = clientForTest({ ...rest, offline, ids: `tab${name}-` });
  const { client, clock, sockets } = world;
  clock.setWall(wallMs);
  const room = client.room(opens, roomOptions);
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
  };
  await settle();
  return {
    ...world,
    ...{ storage, offline, room, settle, disk },
    outbox: clientOutbox(client),
    statuses: () => room.outbox.map(({ data, status }) => [data, status]),
    async goLive(greeting: Frame = {}, ...replayed: Frame[]) {
      const frame = connected(greeting);
      sockets.last.deliver(frame, ...replayed, caughtUp(Number(frame.head)));
      await settle();
    },
    async loseConnection() {
      sockets.last.end(1006);
      await settle();
    },
    /** What went out on the latest socket. */
    sent: (type: string) => sockets.last.sentOf(type),
    /** As the browser kills it. */
    kill() {
      storage.die();
    },
  };
}

export type Tab = Awaited<ReturnType<typeof openTab>>;
