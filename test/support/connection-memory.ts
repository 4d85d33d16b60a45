// A program: prints how many bytes a room that lists its members keeps for each connection, without the sockets of the
// test. It needs a process of its own (`--expose-gc`): what other tests leave would be freed while it counts.

import { RoomForTest } from "./room-for-test.ts";

const CONNECTIONS = 500;
const USERS = 200;

function usedBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const room = new RoomForTest({ maxConnectionsPerUser: 1_000 });
function connectAll() {
  const all = Array.from({ length: CONNECTIONS }, (_, at) =>
    room.connect(`user${at % USERS}`, { history: 0 }),
  );
  room.flush();
  // What the test's sockets keep is not the room's.
  for (const { socket } of all) socket.take();
  return all;
}

connectAll();
const before = usedBytes();
const { length } = connectAll();
console.log((usedBytes() - before) / length);
