import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

describe("the journal of a room", () => {
  const journal = (test: RoomForTest) => test.effects.flatMap((effects) => effects.journal);

  it("[O23] has each opening, and the end with the code of the side that ended it", () => {
    const test = new RoomForTest();
    const [ada, bo, anonymous] = [test.join("ada"), test.join("bo"), test.join(null)];
    ada.leave("left");
    bo.leave("lost");
    const ids = [ada, bo, anonymous].map(({ state }) => state.id);
    expect(journal(test)).toEqual([
      { kind: "opened", connection: ids[0], user: "ada" },
      { kind: "opened", connection: ids[1], user: "bo" },
      { kind: "opened", connection: ids[2] },
      { kind: "closed", closeCode: 1000, connection: ids[0], user: "ada" },
      { kind: "closed", closeCode: 1006, connection: ids[1], user: "bo" },
    ]);
  });

  it("[O21] has the closes that no client asked for: a slow reader, and one without heartbeats", () => {
    const test = new RoomForTest();
    const [slow, silent, ada] = [test.join("slow"), test.join("silent"), test.join("ada")];
    test.now += 1_000;
    slow.socket.unsent = 5 * 1_048_576;
    ada.send("m");
    silent.socket.pingedAt = test.now;
    test.later(80_000);
    const closed = journal(test).filter(({ kind }) => kind === "closed");
    expect(closed).toMatchObject([
      { user: "slow", closeCode: 4503, closing: { code: "slow_consumer" } },
      { user: "silent", closeCode: 4408, closing: { code: "timeout" } },
    ]);
  });

  it("[O21] has what was refused, with the command and the reason as it was answered", () => {
    const test = new RoomForTest();
    const ada = test.join("ada", { permission: "read" });
    test.effects.length = 0;
    const answer = ada.ask({ type: "send", id: "m", data: 1 });
    expect(journal(test)).toEqual([
      {
        ...{ kind: "refused", command: "send", connection: ada.state.id, user: "ada" },
        refusal: { code: "forbidden", message: answer?.message },
      },
    ]);
    test.effects.length = 0;
    ada.say("no JSON");
    test.flush();
    expect(journal(test)).toMatchObject([{ kind: "refused", refusal: { code: "bad_request" } }]);
    test.effects.length = 0;
    ada.say({ type: "send", id: "n", event: "bad event", data: 1 }, { type: "nothing", id: "o" });
    test.flush();
    expect(journal(test)).toMatchObject([
      { command: "send", refusal: { path: ["event"] } },
      { refusal: { path: ["type"] } },
    ]);
    expect(journal(test)[1]).not.toHaveProperty("command");
  });

  it("[O24] has accepted commands of the events that are noted, and of no other", () => {
    const of = (notedTopics: readonly string[]) => {
      const test = new RoomForTest({ notedTopics });
      const ada = test.join("ada");
      test.effects.length = 0;
      ada.send("m1", 1, { event: "task.done" });
      ada.send("m2", 1, { event: "chat" });
      ada.say({ type: "edit", id: "e", seq: 1, data: 2 }, { type: "signal", event: "typing", data: 1 });
      ada.say(
        { type: "react", id: "r", seq: 2, emoji: "👍", op: "add" },
        { type: "delete", id: "d", seq: 1 },
      );
      test.flush();
      return journal(test).map((entry) =>
        entry.kind === "accepted" ? `${entry.command} ${entry.topic}` : "",
      );
    };
    expect(of([])).toEqual([]);
    expect(of(["task"])).toEqual(["send task.done", "edit task.done", "delete task.done"]);
    expect(of(["*"])).toHaveLength(6);
  });
});
