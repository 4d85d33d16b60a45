import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

const CONNECTIONS = 500;
const USERS = 200;

function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}

it("[L262] a room that lists its members keeps less than 4 KB for each connection", () => {
  const room = new RoomForTest({ maxConnectionsPerUser: 1_000 });
  const connectAll = () => {
    const all = Array.from({ length: CONNECTIONS }, (_, at) =>
      room.connect(`user${at % USERS}`, { history: 0 }),
    );
    room.flush();
    // What the test's sockets keep is not the room's.
    for (const { socket } of all) socket.take();
    return all;
  };
  connectAll();
  const before = usedBytes();
  const kept = connectAll();
  const bytes = (usedBytes() - before) / kept.length;
  expect(room.room.connections.size).toBe(2 * CONNECTIONS);
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThan(4_096);
});
