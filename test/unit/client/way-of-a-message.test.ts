// How many files of the client and of the contract a message passes: from `room.send` to the text on the socket, and from
// the text of its event to the listeners. Counted with the coverage of the engine: a file counts if one of its functions
// ran. A getter alone does not count: the state of a connection is read for each snapshot, and no message passes there.

import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeBoth, roomForTest } from "./support/client-for-test.ts";
import { message, ok } from "./support/frames.ts";

const MOST_FILES = { "a socket of its own": 17, "the session": 19 };
const root = join(import.meta.dirname, "../../..");

/** Here there are fakes in its place. */
const PORTS = "client/util/system-ports.ts";
/** The clock of these tests, in `client/testing`, is no part of the client. */
const PASSED = /^(?:client\/(?!testing\/)|src\/protocol\/)/;

describeBoth("the way of a message", (way) => {
  it("[C92] passes few files out and in", async () => {
    const { room, clock, socket } = await roomForTest();
    const heard: unknown[] = [];
    room.on("message", ({ id }) => heard.push(id));
    room.onEvent("chat", ({ data }) => heard.push(data));
    room.subscribe(() => heard.push(room.messages.length));
    const out = () => {
      void room.send("hello");
      return clock.advance(0);
    };
    const into = (seq: number) => {
      const command = socket().sentOf("send").at(-1);
      const { id } = command ?? {};
      socket().deliver(message(seq, { id, from: { id: "usr_1" } }), ok(command, { seq, at: 1 }));
    };
    // The first one makes what later ones find.
    await out();
    into(1);
    heard.length = 0;
    const filesOut = await filesRunBy(out);
    const filesIn = await filesRunBy(async () => into(2));
    const files = [...new Set([...filesOut, ...filesIn, PORTS])].sort();
    console.log(
      `A message over ${way}:\nout: ${filesOut.join(" ")}\nin: ${filesIn.join(" ")}\nin all: ${files.length}`,
    );
    expect(heard).toEqual([2, expect.any(String), { text: "text 2" }, 2]);
    expect(files.length, files.join("\n")).toBeLessThanOrEqual(MOST_FILES[way]);
  });
});

async function filesRunBy(run: () => Promise<void>): Promise<string[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await session.post("Profiler.takePreciseCoverage");
  await run();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  return result
    .filter(({ functions }) =>
      functions.some(
        ({ functionName, ranges }) => !/^$|^get /.test(functionName) && ranges.some(({ count }) => count > 0),
      ),
    )
    .map(({ url }) => url.replace(/^file:\/\//, "").replace(`${root}/`, ""))
    .filter((file) => PASSED.test(file))
    .sort();
}
