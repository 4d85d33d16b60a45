import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import { enclose } from "../../../src/object/envelopes.ts";
import { joinFrames } from "../../../src/object/frames.ts";
import { eventsIn, type JsonObject, utf8Length } from "../../../src/protocol/index.ts";
import { encodeNewMessage } from "../../../src/room/log/message-body.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const parsed = (frame: string): JsonObject => JSON.parse(frame);
const batchesOf = ({ socket }: Person) =>
  socket.frames.map(parsed).filter(({ type, replay }) => type === "batch" && replay === undefined);
const bytesOf = ({ socket }: Person) => socket.frames.reduce((sum, frame) => sum + utf8Length(frame), 0);
const send = (id: string, more: object = {}) => ({ type: "send", id, data: { text: id }, ...more });

function crowd() {
  const test = new RoomForTest();
  const [ada, bo] = [test.join("ada"), test.join("bo", { name: 'Bo ❤ "quoted" \\ back' })];
  const [whole, enclosed] = [test.join("cy"), test.join("di", { envelopes: true })];
  for (const { socket } of [ada, bo, whole, enclosed]) socket.take();
  return { test, ada, bo, whole, enclosed };
}

/** Everything that a flush can carry, messages between it. */
function sayMuch({ test, ada, bo }: ReturnType<typeof crowd>) {
  ada.send("first");
  test.later(10);
  const texts = ["one", "two", "three"];
  ada.say(...texts.map((id) => send(id)), { type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
  bo.say(
    ...texts.map((id) => send(id)),
    send("answer", { replyTo: 1 }),
    send("named", { mentions: ["zed"] }),
  );
  ada.say({ type: "edit", id: "e", seq: 1, data: "edited" }, send("last", { event: "news" }));
  bo.say(
    { type: "signal", event: "typing" },
    send("open", { stream: true }),
    send("gone", { expiresInSeconds: 60 }),
  );
  test.call(SERVER, (turn) => {
    const from = { id: "ada", name: "ada" };
    test.room.publisher.publish(SERVER, { id: "s1", data: "1", from }, turn);
    return test.room.publisher.publish(SERVER, { id: "s2", data: "2" }, turn);
  });
}

describe("a batch in envelopes", () => {
  it("[F30] says sender and event once for many messages, and carries the same events in the same order", () => {
    const people = crowd();
    sayMuch(people);
    const { whole, enclosed } = people;
    expect(enclosed.socket.events).toEqual(whole.socket.events);
    const [batch] = batchesOf(enclosed).filter(({ envelopes }) => envelopes !== undefined);
    expect(batch).toMatchObject({
      envelopes: [
        { event: "chat", from: { id: "ada", name: "ada" } },
        { event: "chat", from: { id: "bo", name: 'Bo ❤ "quoted" \\ back' } },
        { event: "news", from: { id: "ada", name: "ada" } },
        { event: "chat", from: { id: "ada", name: "ada" }, byServer: true },
        { event: "chat", from: null },
      ],
    });
    const rows = Array.isArray(batch?.events) ? batch.events.filter(Array.isArray) : [];
    expect(rows.slice(0, 4)).toEqual([
      [0, "one", { text: "one" }],
      [0, "two", { text: "two" }],
      [0, "three", { text: "three" }],
      // The reaction has the number between.
      [1, "one", { text: "one" }, 0, 2],
    ]);
    expect(bytesOf(enclosed)).toBeLessThan(bytesOf(whole));
  });

  it("[F30] comes in a replay too, with the times of its messages", () => {
    const { test, ada, bo } = crowd();
    for (let n = 0; n < 20; n++) {
      (n % 3 === 0 ? bo : ada).send(`m${n}`);
      test.later(700);
    }
    ada.say({ type: "delete", id: "d", seq: 3 });
    test.flush();
    const [whole, enclosed] = [test.join("eve"), test.join("fay", { envelopes: true })];
    const logOf = ({ socket }: Person) => socket.events.filter(({ seq }) => seq !== undefined);
    expect(logOf(enclosed)).toEqual(logOf(whole));
    expect(logOf(enclosed).length).toBeGreaterThan(19);
    expect(enclosed.socket.frames[1]).toMatch(
      /^\{"type":"batch","replay":true,"seq":0,"at":\d+,"envelopes":/,
    );
    expect(bytesOf(enclosed)).toBeLessThan(bytesOf(whole) * 0.7);
  });

  it("[F31] is for those who asked: to others, and alone, a message comes whole", () => {
    const { test, ada, whole, enclosed } = crowd();
    ada.send("alone");
    expect(enclosed.socket.frames).toEqual(whole.socket.frames);
    expect(enclosed.socket.take()).toMatchObject([{ type: "message" }]);
    whole.socket.take();
    ada.say(send("a"), send("b"));
    test.flush();
    expect(batchesOf(whole)).toMatchObject([{ events: [{ type: "message" }, { type: "message" }] }]);
    expect(batchesOf(whole)[0]).not.toHaveProperty("envelopes");
    expect(batchesOf(enclosed)[0]).toHaveProperty("envelopes");
  });

  it("[F31] keeps answers, and those that stand in the place of an event", () => {
    const { test, ada, enclosed } = crowd();
    ada.say(send("a"), send("b"));
    enclosed.say(send("own"), send("quiet", { echo: false }), send("more"));
    test.flush();
    expect(enclosed.socket.events.map(({ type, id, seq }) => [type, id, seq])).toEqual([
      ["message", "a", 1],
      ["message", "b", 2],
      ["message", "own", 3],
      ["ok", "quiet", 4],
      ["message", "more", 5],
      ["ok", "own", 3],
      ["ok", "more", 5],
    ]);
  });

  it("[F31] outlives a sleep, and is the same frame for all that asked", () => {
    const { test, ada, enclosed } = crowd();
    const other = test.join("eve", { envelopes: true });
    test.restart("hibernate");
    for (const { socket } of [enclosed, other]) socket.take();
    ada.say(send("a"), send("b"));
    test.flush();
    expect(batchesOf(other)[0]).toHaveProperty("envelopes");
    expect(other.socket.frames).toEqual(enclosed.socket.frames);
  });

  it("[F34] goes out as bytes, made once for all, where it is not ASCII, and to those who asked only", () => {
    const { test, ada, whole, enclosed } = crowd();
    const other = test.join("eve", { envelopes: true });
    ada.say(send("a"), send("b"));
    test.flush();
    expect(enclosed.socket.bytes).toEqual([]);
    for (const { socket } of [whole, enclosed, other]) socket.take();
    ada.say(send("c"), send("d", { data: { text: "naïve ❤" } }));
    test.flush();
    expect(enclosed.socket.bytes.map(({ text }) => text)).toEqual(enclosed.socket.frames);
    expect(other.socket.bytes).toHaveLength(1);
    expect(other.socket.bytes[0]).toBe(enclosed.socket.bytes[0]);
    expect(whole.socket.bytes).toEqual([]);
    expect(enclosed.socket.events).toEqual(whole.socket.events);
  });

  it("[F32] keeps to the size of frames, and fills them", () => {
    const { test, ada } = crowd();
    const any = test.join("eve");
    const small = test.join("fay", { envelopes: true, frameBytes: 4_096 });
    for (const { socket } of [any, small]) socket.take();
    for (let n = 0; n < 100; n++) ada.say(send(`${n}`, { data: "é".repeat(40 + n) }));
    test.flush();
    const sizes = small.socket.frames.map(utf8Length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4_096);
    expect(sizes.length).toBeGreaterThan(2);
    expect(small.socket.events).toEqual(any.socket.events);
  });
});

const TEXTS = ["", "a", '"', "\\", '\\"', ',"at":1,"data":', "é❤👍", "\u0000\n", "]}", '"},"at":5,"data":1}'];

describe("a message in an envelope", () => {
  const messageOf = (random: SeededRandom, seq: number, at: number) => {
    const text = () => random.pick(TEXTS) + random.pick(TEXTS);
    const name = random.next() < 0.5 ? {} : { name: text() };
    return encodeNewMessage({
      ...{ seq, at, id: text(), event: random.pick(["chat", "a.b:c-d_e"]) },
      from: random.next() < 0.2 ? null : { id: text(), ...name },
      byServer: random.next() < 0.3,
      data: JSON.stringify(random.pick([null, text(), { data: text(), at: 1 }, [[1, { type: text() }]]])),
      ...(random.next() < 0.1 && { replyTo: 1 }),
      ...(random.next() < 0.1 && { flag: text() }),
      ...(random.next() < 0.1 && { mentions: [text()] }),
    });
  };

  it("[F32] is the same as outside to the letter, and never longer, whatever stands in it", () => {
    let enclosedOnes = 0;
    for (let seed = 1; seed <= 500; seed++) {
      const random = new SeededRandom(seededRandom(seed));
      const step = random.pick([1, 1, 40, 10 ** 12]);
      let [seq, at] = [random.pick([0, 5, 10 ** 6]), random.pick([0, 1_790_000_000_000])];
      const events = Array.from({ length: random.upTo(6) }, () => {
        seq += random.next() < 0.7 ? 1 : random.upTo(step);
        // A clock may be set back.
        at = Math.max(0, at + random.pick([0, 0, 5, -3, step]));
        return random.next() < 0.1 ? `{"type":"ok","id":"${seq}"}` : messageOf(random, seq, at);
      });
      const [frame = ""] = joinFrames(events, { frameBytes: 1e6, envelopes: true }, '"replay":true,');
      const opened = eventsIn(JSON.parse(frame)).map((event) => JSON.stringify(event));
      expect(opened, `seed ${seed}`).toEqual(events);
      const [plain = ""] = joinFrames(events, { frameBytes: 1e6 }, '"replay":true,');
      expect(utf8Length(frame)).toBeLessThanOrEqual(utf8Length(plain));
      enclosedOnes += enclose(events)?.events.filter((event) => event.startsWith("[")).length ?? 0;
    }
    expect(enclosedOnes).toBeGreaterThan(500);
  });
});
