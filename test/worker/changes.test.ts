import { describe, expect, it } from "vitest";
import { actorOf, ask, changesTo, edit, many, react, remove, sequencedTo } from "./support/changes.ts";
import { configureRoom, crash, failWrites, sleep, storedText } from "./support/objects.ts";
import { callAsServer, fill, join, roomObject, uniqueName } from "./support/worker.ts";

async function adaAndBo(prefix: string) {
  const room = uniqueName(prefix);
  const ada = await join(room, "ada", { name: "Ada" });
  const bo = await join(room, "bo");
  return { room, ada, bo };
}

describe("edit", () => {
  it("[E1][E9] replaces data, and is delivered as the whole message before its ok", async () => {
    const { ada, bo } = await adaAndBo("edit");
    await ask(ada, { type: "send", data: 0 });
    const sent = { data: { text: "Helo" }, event: "note", replyTo: 1, mentions: ["bo"] };
    await ada.ask({ id: "m", type: "send", ...sent });
    const message = await bo.next("message", ({ seq }) => seq === 2);
    expect(await ada.ask({ id: "e", ...edit(2, { text: "Hello" }) })).toEqual({
      type: "ok",
      id: "e",
      seq: 3,
    });
    const updated = await bo.next("messageUpdated");
    expect(updated).toEqual({
      type: "messageUpdated",
      seq: 3,
      at: expect.any(Number),
      message: { ...message, data: { text: "Hello" }, editedAt: updated.at, changed: 3 },
      by: "ada",
    });
    expect(ada.received.slice(-2)).toEqual([updated, { type: "ok", id: "e", seq: 3 }]);
  });

  it("[E1] several times leaves the last data, with the other fields unchanged", async () => {
    const { room, ada, bo } = await adaAndBo("edit");
    const own = '{"type":"edit","id":"own","seq":1,"data":{"data":[",\\"data\\":"],"__proto__":{"x":1}}}';
    await ada.ask({ type: "send", id: ',"data":', data: ',"data":1}' });
    await ask(bo, react(1, "👍"));
    for (const data of [null, "", '"}', { data: { data: ',"data":' } }, "\u2028😀\ud800"]) {
      expect(await ask(ada, edit(1, data))).toMatchObject({ type: "ok" });
      const updated = await bo.next("messageUpdated");
      expect(updated.message).toMatchObject({ id: ',"data":', data, reactions: { "👍": ["bo"] } });
    }
    ada.send(own);
    const { seq } = await bo.next("messageUpdated");
    expect(bo.texts.at(-1)).toContain('"data":{"data":[",\\"data\\":"],"__proto__":{"x":1}}');
    const page = await callAsServer("GET", `/v1/rooms/${room}/messages`);
    expect(await page.json()).toMatchObject({ messages: [{ seq: 1, changed: seq, from: { name: "Ada" } }] });
  });

  it("[E1] applies to one's own messages, or to all messages with moderate", async () => {
    const { room, ada, bo } = await adaAndBo("own");
    const cy = await join(room, "cy", { rooms: { "*": "moderate" } });
    const reader = await join(room, "ada", { rooms: { "*": "read" } });
    await fill(ada, 1);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 2 });
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 3, from: { id: "bo", name: "B" } });
    for (const command of [edit(1, 0), remove(1), edit(2, 0), remove(2)])
      expect(await ask(bo, command)).toMatchObject({ type: "error", code: "forbidden" });
    for (const command of [edit(1, 0), remove(1), react(1, "👍")])
      expect(await ask(reader, command)).toMatchObject({ type: "error", code: "forbidden" });
    await ada.settled();
    expect(changesTo(ada)).toEqual([]);
    expect(await ask(bo, edit(3, "mine"))).toMatchObject({ type: "ok", seq: 4 });
    expect(await ask(cy, edit(1, "tidied"))).toMatchObject({ type: "ok", seq: 5 });
    expect(await ask(cy, remove(2))).toMatchObject({ type: "ok", seq: 6 });
    expect(await ask(ada, edit(1, "mine still"))).toMatchObject({ type: "ok", seq: 7 });
    await bo.settled();
    expect(changesTo(bo)).toMatchObject([
      { by: "bo", message: { from: { id: "bo", name: "B" }, data: "mine" } },
      { by: "cy", message: { from: { id: "ada" }, data: "tidied" } },
      { by: "cy", target: 2 },
      { by: "ada", message: { data: "mine still" } },
    ]);
  });

  it("[E1] limits data like a send does", async () => {
    const { room, ada, bo } = await adaAndBo("bound");
    await ask(ada, { type: "send", data: "short" });
    expect(await ask(ada, edit(1, "x".repeat(999)))).toMatchObject({ code: "too_large", path: ["data"] });
    expect(await ask(ada, edit(1, "é".repeat(500)))).toMatchObject({ code: "too_large" });
    await bo.settled();
    expect(changesTo(bo)).toEqual([]);
    expect(await storedText(roomObject(room))).toContain('\\"data\\":\\"short\\"');
    expect(await ask(ada, edit(1, "x".repeat(998)))).toMatchObject({ type: "ok", seq: 2 });
  });

  it("[E1] leaves nothing of the former data in storage", async () => {
    const { room, ada } = await adaAndBo("erased");
    await ada.ask({ id: "m", type: "send", data: "SECRET-ONE", mentions: ["MENTIONED"] });
    expect(await storedText(roomObject(room))).toMatch(/SECRET-ONE.*MENTIONED|MENTIONED.*SECRET-ONE/);
    await ask(ada, edit(1, "SECRET-TWO"));
    await ask(ada, edit(1, "three"));
    const stored = await storedText(roomObject(room));
    expect(stored).not.toContain("SECRET");
    expect(stored).toContain("three");
  });
});

describe("delete", () => {
  it("[E2][E9] is delivered as messageDeleted, and erases the content from storage", async () => {
    const { room, ada, bo } = await adaAndBo("delete");
    await ada.ask({ id: "m", type: "send", data: "SECRET", mentions: ["MENTIONED"], event: "note" });
    await ask(bo, react(1, "👍"));
    expect(await ada.ask({ id: "d", ...remove(1) })).toEqual({ type: "ok", id: "d", seq: 3 });
    const deleted = await bo.next("messageDeleted");
    expect(deleted).toEqual({ type: "messageDeleted", seq: 3, at: expect.any(Number), target: 1, by: "ada" });
    expect(ada.received.at(-2)).toEqual(deleted);
    expect(await storedText(roomObject(room))).not.toMatch(/SECRET|MENTIONED|👍/);
    const { messages } = await ask(await join(room, "cy"), { type: "history" });
    expect(messages).toEqual([
      {
        ...{ type: "message", seq: 1, id: "m", event: "note", from: { id: "ada", name: "Ada" } },
        ...{ at: expect.any(Number), data: null, deletedAt: deleted.at, changed: 3 },
      },
    ]);
  });

  it("[E2] repeated is ok with seq 0, also after a restart, if the user has permission", async () => {
    const { room, ada, bo } = await adaAndBo("again");
    await fill(ada, 1);
    ada.send({ type: "batch", commands: [1, 2, 3].map((n) => ({ id: `d${n}`, ...remove(1) })) });
    await ada.settled();
    expect(
      ada
        .ofType("ok")
        .slice(-3)
        .map(({ seq }) => seq),
    ).toEqual([2, 0, 0]);
    await sleep(roomObject(room));
    expect(await ask(ada, remove(1))).toMatchObject({ type: "ok", seq: 0 });
    expect(await ask(bo, remove(1))).toMatchObject({ code: "forbidden" });
    await bo.settled();
    expect(changesTo(bo)).toHaveLength(1);
    expect(await ask(ada, { type: "send", data: 1 })).toMatchObject({ seq: 3 });
  });

  it("[E2][S5] keeps the id: a repeated send is a duplicate and is not stored again", async () => {
    const { room, ada } = await adaAndBo("repeat");
    const { epoch } = await ada.next("connected");
    await ada.ask({ id: "m", type: "send", data: "SECRET" });
    await ask(ada, remove(1));
    const again = { id: "m", type: "send", data: "SECRET" };
    expect(await ada.ask(again)).toMatchObject({ seq: 1, duplicate: true });
    await sleep(roomObject(room));
    expect(await ada.ask({ ...again, retryOf: `${epoch}.0` })).toMatchObject({ seq: 1, duplicate: true });
    expect(await storedText(roomObject(room))).not.toContain("SECRET");
    expect(await ask(ada, { type: "send", data: 1, replyTo: 1 })).toMatchObject({ type: "ok", seq: 3 });
  });
});

describe("react", () => {
  it("[E3][E9] sets a reaction once and removes it once", async () => {
    const { room, ada, bo } = await adaAndBo("react");
    await fill(ada, 1);
    const answers = [];
    for (const command of [react(1, "👍"), react(1, "👍"), react(1, "🎉"), react(1, "👍", "remove")])
      answers.push((await ask(bo, command)).seq);
    answers.push((await ask(ada, react(1, "🎉"))).seq, (await ask(ada, react(1, "👍", "remove"))).seq);
    expect(answers).toEqual([2, 0, 3, 4, 5, 0]);
    await ada.settled();
    expect(changesTo(ada)).toMatchObject([
      { type: "reaction", seq: 2, target: 1, emoji: "👍", user: "bo", op: "add" },
      { seq: 3, emoji: "🎉", op: "add" },
      { seq: 4, emoji: "👍", op: "remove" },
      { seq: 5, emoji: "🎉", user: "ada" },
    ]);
    expect(Object.keys(changesTo(ada)[0] ?? {}).sort()).toEqual(
      ["type", "seq", "at", "target", "emoji", "user", "op"].sort(),
    );
    expect(await ask(ada, { type: "history" })).toMatchObject({
      messages: [{ data: 1, reactions: { "🎉": ["bo", "ada"] }, changed: 5 }],
    });
    await ask(ada, react(1, "🎉", "remove"));
    await ask(bo, react(1, "🎉", "remove"));
    const { messages } = await ask(ada, { type: "history" });
    expect(messages).toMatchObject([{ changed: 7 }]);
    expect(JSON.stringify(messages)).not.toContain("reactions");
    expect(await storedText(roomObject(room))).not.toContain("🎉");
  });

  it("[E3] a message takes 20 different emojis; an emoji that it already has is still accepted", async () => {
    const { room, ada, bo } = await adaAndBo("different");
    await fill(ada, 2);
    const emojis = many(21, (at) => String.fromCodePoint(0x1f600 + at));
    const seven = await Promise.all(many(7, (at) => join(room, `user${at}`)));
    for (const [at, emoji] of emojis.slice(0, 20).entries()) {
      const user = seven[Math.floor(at / 3)] ?? ada;
      expect(await ask(user, react(1, emoji))).toMatchObject({ type: "ok" });
    }
    const last = emojis[20] ?? "";
    expect(await ask(bo, react(1, last))).toMatchObject({ code: "too_large", path: ["emoji"] });
    expect(await ask(bo, react(1, emojis[0] ?? ""))).toMatchObject({ type: "ok" });
    expect(await ask(bo, react(2, last))).toMatchObject({ type: "ok" });
    await ask(seven[2] ?? ada, react(1, emojis[7] ?? "", "remove"));
    expect(await ask(bo, react(1, last))).toMatchObject({ type: "ok" });
    // Theirs is the 21st of this message, but the first of bo's three.
    expect(await ask(bo, react(1, emojis[1] ?? ""))).toMatchObject({ type: "ok" });
    expect(await ask(bo, react(1, emojis[2] ?? ""))).toMatchObject({ code: "too_large", path: ["emoji"] });
  });

  it("[E3][M4] one reaction more than 500 on the largest data is too_large, and every frame fits", async () => {
    const room = uniqueName("crowd");
    await configureRoom(room, { MAX_MESSAGE_BYTES: 32_768, HISTORY_LIMIT: 5_000 });
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 1, () => "é".repeat(16_383));
    const reactAs = (user: string) =>
      roomObject(room).change(actorOf(user), { type: "react", seq: 1, emoji: "👍", op: "add" });
    const users = many(501, (at) => `${"u".repeat(124)}${at}`);
    const outcomes = await Promise.all(users.slice(0, 500).map(reactAs));
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(await reactAs(users[500] ?? "")).toMatchObject({ ok: false, refusal: { code: "too_large" } });
    expect(await ask(ada, react(1, "🎉"))).toMatchObject({ code: "too_large" });
    expect(await ask(ada, edit(1, "é".repeat(16_383)))).toMatchObject({ type: "ok", seq: 502 });
    const back = await join(room, "bo", { query: `?since=${epoch}.1` });
    const updated = await back.next("messageUpdated");
    expect(updated).toMatchObject({ seq: 502, message: { reactions: { "👍": users.slice(0, 500) } } });
    for (const text of [...ada.texts, ...back.texts])
      expect(new TextEncoder().encode(text).byteLength).toBeLessThanOrEqual(1_048_576);
  });
});

describe("a message that cannot be changed", () => {
  const commands = (seq: number) => [edit(seq, 0), remove(seq), react(seq, "👍"), react(seq, "👍", "remove")];

  it("[E5] because it is unknown, is not sent yet or is a change itself is not_found; no one else notices", async () => {
    const { room, ada, bo } = await adaAndBo("unknown");
    await fill(ada, 1);
    await ask(ada, react(1, "👍"));
    const before = await storedText(roomObject(room));
    for (const seq of [2, 3, 51, 1_000_000, Number.MAX_SAFE_INTEGER])
      for (const command of commands(seq))
        expect(await ask(ada, command), String(seq)).toMatchObject({ code: "not_found" });
    await bo.settled();
    expect(changesTo(bo)).toHaveLength(1);
    expect(await storedText(roomObject(room))).toBe(before);
  });

  it("[E5] because it is deleted is not_found, except when it is deleted again", async () => {
    const { room, ada, bo } = await adaAndBo("deleted");
    await fill(ada, 1);
    await ask(ada, remove(1));
    const before = await storedText(roomObject(room));
    for (const command of [edit(1, "back"), react(1, "👍"), react(1, "👍", "remove")])
      expect(await ask(ada, command)).toMatchObject({ code: "not_found" });
    await bo.settled();
    expect(changesTo(bo)).toHaveLength(1);
    expect(await storedText(roomObject(room))).toBe(before);
  });

  it("[E5][S15] because retention removed it is not_found, and retention removes only messages", async () => {
    const room = uniqueName("retired");
    await configureRoom(room, { HISTORY_LIMIT: 7 });
    const ada = await join(room, "ada");
    await fill(ada, 3);
    for (let at = 0; at < 20; at++) await ask(ada, edit(3, at));
    expect(await ask(ada, edit(1, "still"))).toMatchObject({ type: "ok", seq: 24 });
    await fill(ada, 5);
    for (const command of commands(1)) expect(await ask(ada, command)).toMatchObject({ code: "not_found" });
    expect(await ask(ada, edit(2, "still"))).toMatchObject({ type: "ok" });
  });

  it("[E5][M2] a change with an invalid seq, data or op is bad_request", async () => {
    const { ada } = await adaAndBo("malformed");
    await fill(ada, 1);
    const wrong: [object, string][] = [
      ...[0, -1, 1.5, "1", null, undefined, 2 ** 53, 1e300, [1]].flatMap((seq): [object, string][] => [
        [{ type: "edit", seq, data: 1 }, "seq"],
        [{ type: "delete", seq }, "seq"],
        [{ type: "react", seq, emoji: "👍", op: "add" }, "seq"],
      ]),
      [{ type: "edit", seq: 1 }, "data"],
      ...["", "ADD", "toggle", null, undefined, 1].map((op): [object, string] => [
        { type: "react", seq: 1, emoji: "👍", op },
        "op",
      ]),
      [{ type: "react", seq: 1, op: "add" }, "emoji"],
    ];
    for (const [command, field] of wrong) {
      expect(await ask(ada, command), JSON.stringify(command)).toMatchObject({
        code: "bad_request",
        path: [field],
      });
      await ask(ada, { type: "history", limit: 1 });
    }
    expect(changesTo(ada)).toEqual([]);
  });

  it("[E5][S14] because its row cannot be written is internal; it is delivered to no one, and the room continues to work", async () => {
    const { room, ada, bo } = await adaAndBo("failing");
    await fill(ada, 1);
    const heal = await failWrites(roomObject(room), (query) => query.startsWith("UPDATE log"));
    for (const command of [edit(1, 0), remove(1), react(1, "👍")])
      expect(await ask(ada, command)).toMatchObject({ type: "error", code: "internal" });
    expect(await ask(ada, { type: "send", data: 2 })).toMatchObject({ seq: 2 });
    heal();
    expect(await ask(ada, edit(1, "at last"))).toMatchObject({ type: "ok", seq: 3 });
    await bo.settled();
    expect(changesTo(bo)).toMatchObject([{ seq: 3, message: { data: "at last", changed: 3 } }]);
    expect(ada.texts.join()).not.toContain("DETAIL-OF-THE-FAULT");
  });
});

describe("the seq of a change", () => {
  it("[E7] is the next one, also among simultaneous messages of others", async () => {
    const { ada, bo } = await adaAndBo("next");
    await fill(ada, 1);
    const run = many(20, (at) => (at % 2 === 0 ? edit(1, at) : { type: "send", data: at }));
    for (const socket of [ada, bo])
      for (const command of run)
        socket.send({ id: crypto.randomUUID(), ...(socket === bo ? react(1, "👍") : command) });
    await Promise.all([ada.settled(), bo.settled()]);
    const seqs = sequencedTo(bo).map(({ seq }) => seq);
    expect(seqs).toEqual(many(22, (at) => at + 1));
  });

  it("[E7] is not given again after a restart, although a change has no row of its own", async () => {
    const room = uniqueName("restart");
    let ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 2);
    let head = 2;
    for (const end of [sleep, crash, sleep]) {
      await ask(ada, edit(1, head));
      await ask(ada, react(2, "👍", end === sleep ? "add" : "remove"));
      head += 2;
      await end(roomObject(room));
      ada = await join(room, "ada", { query: "?history=0" });
      expect(await ada.next("connected")).toMatchObject({ epoch, head });
    }
    expect(await ask(ada, { type: "send", data: 1 })).toMatchObject({ seq: head + 1 });
  });
});
