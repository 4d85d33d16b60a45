import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

const PAUSE_MS = 2_100;

/** Appends one token each, from `n` on. */
const appends = (n: number, tokens: readonly string[], producer = 1) =>
  tokens.map((text, at) => ({ type: "append", seq: 1, n: n + at, text, producer }));

describe("a reader that was away", () => {
  it("[Y127] while another producer wrote otherwise after a crash gets the whole text, also after the next crash", () => {
    const room = new RoomForTest();
    const ada = room.join("ada");
    ada.send("m", { text: "" }, { stream: true });
    ada.say(...appends(1, ["a", "b"]));
    room.flush();
    // A checkpoint; then what is lost.
    room.later(PAUSE_MS);
    ada.say(...appends(3, ["c", "d", "e"]));
    room.flush();
    const cursor = `${room.log.epoch}.${room.log.head}`;
    room.restart("crash");
    const other = room.join("ada");
    expect(other.ask({ type: "takeover", id: "t", seq: 1 })).toMatchObject({ n: 2, producer: 2 });
    other.say(...appends(3, ["X", "Y", "Z"], 2));
    room.flush();
    room.later(PAUSE_MS);
    room.restart("crash");
    // It was shown `abcde` in the first life: as many appends.
    const bo = room.join("bo", { since: cursor, have: "1:5" });
    expect(bo.socket.ofType("append")).toEqual([]);
    expect(bo.socket.ofType("stream")).toEqual([{ type: "stream", seq: 1, n: 5, data: { text: "abXYZ" } }]);
  });
});

describe("a reader that hears of it again", () => {
  it("[Y15] after other topics gets the whole text, and only then what is added", () => {
    const room = new RoomForTest();
    const [ada, bo] = [room.join("ada"), room.join("bo")];
    ada.send("m", { text: "" }, { stream: true, event: "agent.answer" });
    bo.ask({ type: "topics", id: "t1", topics: ["task"] });
    const append = (n: number) => {
      ada.say(...appends(n, [`${n} `]));
      room.flush();
      room.later(40);
    };
    append(1);
    bo.socket.take();
    ada.say(...appends(2, ["2 "]));
    bo.say({ type: "topics", id: "t2", topics: null });
    append(3);
    append(4);
    expect(bo.socket.ofType("stream")).toMatchObject([{ n: 3, data: { text: "1 2 3 " } }]);
    expect(bo.socket.ofType("append").at(-1)).toMatchObject({ n: 4, text: "4 " });
  });

  it("[Y15] by topics that it changes again and again pays for what it is sent", () => {
    const room = new RoomForTest({ ratePerSecond: 10, rateBurst: 40 });
    const [ada, stranger] = [room.join("ada"), room.join(null)];
    ada.send("m", { text: "x".repeat(30_000) }, { stream: true });
    for (let n = 1; n <= 8; n++) ada.say(...appends(n, ["x".repeat(30_000)]));
    room.flush();
    room.later(40);
    const answers = Array.from({ length: 20 }, (_, at) =>
      stranger.ask({ type: "topics", id: `t${at}`, topics: null }),
    );
    expect(answers.at(0)).toMatchObject({ type: "ok" });
    expect(answers.at(-1)).toMatchObject({ code: "rate_limited" });
  });
});
