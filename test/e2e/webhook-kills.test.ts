// A server that is killed with a member in a room, to whom nobody comes back: only its alarm can tell.

import { expect, it } from "vitest";
import { join, publishTo, textsOf, toldServer } from "./support/told-server.ts";
import { uniqueName, waitFor } from "./support/world.ts";

/** The alarm goes off after a minute, and members have another one to come back. */
const WITHIN_MS = 180_000;

it("[Z53] after a kill the alarm tells what was said and who has left, with nobody there", async () => {
  const { receiver, server } = await toldServer();
  const room = uniqueName("killed");
  const ada = await join(server, room, "ada");
  receiver.answerWith(() => {});
  for (let n = 0; n < 5; n++) await publishTo(server, room, n);
  await waitFor("a first try", () => receiver.requests.length > 0);
  await server.kill();
  receiver.answerWith(204);
  await server.restart();
  await waitFor("the end", () => receiver.of(room).some(({ type }) => type === "room.vacated"), WITHIN_MS);
  expect(textsOf(receiver, room)).toEqual([0, 1, 2, 3, 4]);
  expect(receiver.of(room).slice(-2)).toMatchObject([
    { type: "member.left", user: { id: "ada" } },
    { type: "room.vacated" },
  ]);
  ada.close();
  await server.stop();
  await receiver.stop();
}, 240_000);
