// The number of files through which a message passes in the room's object, from the frame that a socket received to the
// frames that all sockets are sent. The coverage of the engine counts it: a file counts if one of its functions ran.

import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CommandBarrier } from "../../../src/object/command-barrier.ts";
import type { RoomCommand } from "../../../src/protocol/index.ts";
import type { RoomConnection } from "../../../src/room/people/room-connection.ts";
import type { AppliedCommand } from "../../../src/room/room-commands.ts";
import { ROOM_VALIDATORS } from "../../../src/validation/commands.ts";
import { parseFrame } from "../../../src/validation/parse-frame.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

const MOST_FILES = 40;
const root = join(import.meta.dirname, "../../..");

it("[X11] a message passes few files on its way through a room", async () => {
  const test = new RoomForTest();
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  const intake = new CommandBarrier<RoomConnection, AppliedCommand, undefined>({
    parse: (frame) => parseFrame<RoomCommand>(frame, ROOM_VALIDATORS),
    charge: () => undefined,
    verify: async () => undefined,
    accept: (connection, parsed) => test.room.enqueue({ ...parsed, connection }),
    authenticated: () => {},
  });
  const send = (id: string) => {
    const frame = JSON.stringify({ type: "send", id, data: { text: "hello" } });
    if (!test.room.closeIfFlooding(ada.connection, frame)) void intake.receive(ada.connection, frame);
    test.flushOnce();
  };
  // The first message reads and creates what later ones find.
  send("warm");
  test.later(60_000);
  const files = await filesRunBy(() => send("m"));
  expect(bo.socket.ofType("message").map(({ id }) => id)).toEqual(["warm", "m"]);
  expect(files.length, files.join("\n")).toBeLessThanOrEqual(MOST_FILES);
});

/** The server's own code, without the contract. */
async function filesRunBy(run: () => void): Promise<string[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await session.post("Profiler.takePreciseCoverage");
  run();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  return result
    .filter(({ functions }) =>
      functions.some(
        ({ functionName, ranges }) => functionName !== "" && ranges.some(({ count }) => count > 0),
      ),
    )
    .map(({ url }) => url.replace(/^file:\/\//, "").replace(`${root}/`, ""))
    .filter((file) => file.startsWith("src/") && !file.startsWith("src/protocol/"))
    .sort();
}
