import { expect, it } from "vitest";
import { createTestRooms } from "../../../client/testing/index.ts";
it("smoke", async () => {
  const rooms = await createTestRooms({ seed: 2 });
  const ada = rooms.client({ user: "ada" }).room("lobby");
  const bo = rooms.client({ user: "bo" }).room("lobby");
  await rooms.clock.advance(10);
  const shown: unknown[] = [];
  bo.subscribe(() => shown.push(bo.messages.map(({ data, stream, n }) => [data, stream, n])));
  const opened = ada.stream({ text: "" });
  await rooms.clock.advance(1);
  const answer = await opened;
  for (const word of ["Hello", ",", " world"]) { answer.append(word); await rooms.clock.advance(20); }
  await rooms.clock.advance(200);
  console.log(JSON.stringify(shown), JSON.stringify(bo.messages));
  await bo.stop(answer.seq);
  console.log(answer.stopSignal.aborted);
  const done = answer.finish();
  await rooms.clock.advance(100);
  console.log(await done, JSON.stringify(bo.messages));
  await rooms.close();
});
