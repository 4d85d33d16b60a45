// What a client promises of answers that stream, whatever carries its frames.

import { describe, expect, it } from "vitest";
import type { RoomAnswer as Answer } from "../../client/room/streams/answer.ts";
import { until } from "../support/until.ts";
import { Guest, WAYS } from "./support/guest.ts";
import { advanceClock, crash, sleep } from "./support/objects.ts";
import { roomObject, uniqueName } from "./support/worker.ts";

const textOf = ({ room }: Guest) => {
  const data: { text?: string } = Object(room.messages.at(-1)?.data);
  return data.text;
};
const stateOf = ({ room }: Guest) => room.messages.at(-1)?.stream;

/** What the guest shows that is not the beginning of what was written until then, or is shorter than before. */
function watch(guest: Guest, answer: Answer): string[] {
  let before = 0;
  const wrong: string[] = [];
  guest.room.subscribe(() => {
    const text = textOf(guest) ?? "";
    if (!answer.text.startsWith(text) || text.length < before) wrong.push(text);
    before = text.length;
  });
  return wrong;
}

async function write(answer: Answer, reader: Guest, ...words: string[]): Promise<void> {
  for (const word of words) {
    answer.append(word);
    await until(() => expect(textOf(reader)).toBe(answer.text));
  }
}

/** Its room has written what it has, and nothing keeps it awake. */
async function rest(guest: Guest, ms: number): Promise<void> {
  advanceClock(ms);
  await guest.client.ping();
}

describe.each(WAYS)("answers that stream on $way", (way) => {
  const enter = (name: string, user: string) =>
    new Guest(way, name, user, { reconnect: { minMs: 5, maxMs: 100 } }).live();

  it("[Y96] grow without a gap while readers leave and come and the room sleeps and dies, and stop when asked", async () => {
    const name = uniqueName("answer");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    const answer = await ada.room.stream({ text: "" });
    const wrong = [ada, bo].map((guest) => watch(guest, answer));
    await write(answer, bo, "One", " two");
    bo.client.disconnect();
    await write(answer, ada, " three", " four");
    bo.client.reconnect();
    await until(() => expect(textOf(bo)).toBe("One two three four"));
    await rest(ada, 3_000);
    await sleep(roomObject(name));
    await write(answer, bo, " slept");
    await rest(ada, 6_000);
    await crash(roomObject(name));
    await write(answer, bo, " died");
    const other = await enter(name, "ada");
    expect([textOf(other), stateOf(other)]).toEqual(["One two three four slept died", "open"]);
    answer.append(".");
    await answer.finish();
    expect(wrong).toEqual([[], []]);
    for (const guest of [ada, bo, other]) {
      await until(() => expect(stateOf(guest)).toBe("complete"));
      expect(textOf(guest)).toBe("One two three four slept died.");
    }
    const older = await ada.room.stream({ text: "" });
    await write(older, bo, "Until");
    const newer = await other.room.takeOver(older.seq);
    older.append(" lost");
    await write(newer, bo, " here");
    await until(() => expect(older.stopSignal.aborted).toBe(true));
    await bo.room.stop(older.seq);
    await until(() => expect(newer.stopSignal.aborted).toBe(true));
    await newer.finish("cancelled");
    const last = await bo.room.stream({ text: "" });
    await last.finish("failed", { text: "Sorry" });
    for (const { room } of [ada, bo, other]) {
      await until(() => expect(room.messages.at(-1)?.stream).toBe("failed"));
      expect(room.messages.map(({ data }) => data)).toEqual([
        { text: "One two three four slept died." },
        { text: "Until here" },
        { text: "Sorry" },
      ]);
      expect(room.messages.map(({ stream }) => stream)).toEqual(["complete", "cancelled", "failed"]);
      expect(room.messages).toEqual(ada.room.messages);
    }
  });
});
