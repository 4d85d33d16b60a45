// What a client promises, whatever carries its frames: one suite for a socket of its own, rooms on a session, and both
// over HTTP calls.

import { describe, expect, it } from "vitest";
import { inboxOf } from "../../client/session/inbox-of.ts";
import { until } from "../support/until.ts";
import { Guest, type GuestOptions, WAYS } from "./support/guest.ts";
import { crash, sleep, stopClock } from "./support/objects.ts";
import { callAsServer, roomObject, tokenFor, uniqueName, userObject } from "./support/worker.ts";

const texts = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

describe.each(WAYS)("rooms on $way", (way) => {
  const enter = (name: string, user: string, options?: GuestOptions) =>
    new Guest(way, name, user, options).live();

  it("[C150] deliver each message once and in order, and answer each after its event", async () => {
    const name = uniqueName("order");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    const [loud, quiet] = [texts("loud", 20), texts("quiet", 10)];
    const stored = await Promise.all([
      ...loud.map((text) => ada.room.send(text)),
      ...quiet.map((text) => ada.room.send(text, { echo: false })),
    ]);
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, at) => at + 1));
    // The answer stands behind the event, or in its place.
    expect(ada.received).toEqual(loud);
    expect(ada.room.messages.map(({ data }) => data)).toEqual([...loud, ...quiet]);
    await until(() => expect(bo.received).toEqual([...loud, ...quiet]));
    await Promise.all([
      ...texts("a", 10).map((text) => ada.room.send(text)),
      ...texts("b", 10).map((text) => bo.room.send(text)),
    ]);
    await until(() => expect(ada.room.messages.length).toBe(50));
    await until(() => expect(bo.room.messages).toEqual(ada.room.messages));
    expect([...ada.states, ...bo.states]).not.toContain("reconnecting");
  });

  it("[C150] recover what was missed, once", async () => {
    const name = uniqueName("missed");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    await bo.room.send("before");
    await until(() => expect(ada.received).toEqual(["before"]));
    ada.client.disconnect();
    const queued = ada.room.send("while away");
    await Promise.all(texts("missed", 20).map((text) => bo.room.send(text)));
    ada.client.reconnect();
    await queued;
    expect(ada.received).toEqual(["before", ...texts("missed", 20), "while away"]);
    await until(() => expect(bo.room.messages).toEqual(ada.room.messages));
  });

  it("[C150] lose nothing when the room sleeps or dies", async () => {
    const name = uniqueName("sleeps");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    await ada.room.send("awake");
    await until(() => expect(bo.received).toEqual(["awake"]));
    await sleep(roomObject(name));
    await ada.room.send("slept");
    await until(() => expect(bo.received).toEqual(["awake", "slept"]));
    await crash(roomObject(name));
    await Promise.all([ada.room.send("died"), bo.room.send("died too")]);
    await until(() => {
      expect(ada.room.messages.map(({ data }) => data).sort()).toEqual([
        "awake",
        "died",
        "died too",
        "slept",
      ]);
      expect(bo.room.messages).toEqual(ada.room.messages);
    });
  });

  it("[C150] show who is here and how, and a leave at once", async () => {
    const name = uniqueName("presence");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    await until(() =>
      expect([ada.members, bo.members]).toEqual([
        ["ada", "bo"],
        ["ada", "bo"],
      ]),
    );
    await ada.room.setPresence({ status: "busy", data: { at: "desk" } });
    const busy = { id: "ada", status: "busy", data: { at: "desk" } };
    await until(() => expect(bo.room.members).toContainEqual(expect.objectContaining(busy)));
    const before = Date.now();
    ada.room.leave();
    await until(() => expect(bo.members).toEqual(["bo"]));
    // A member that was lost would be shown for 5 s.
    expect(Date.now() - before).toBeLessThan(4_500);
  });

  it("[C150] lose no signal", async () => {
    const name = uniqueName("signals");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    const heard: string[] = [];
    const events = texts("s", 15).map((text) => text.replace(" ", "_"));
    for (const event of events) ada.room.onEvent(event, () => heard.push(event));
    // One flush each: between two of them a call may end and the next one not have come yet.
    for (const event of events) {
      bo.room.signal(event);
      await bo.client.ping();
    }
    await until(() => expect(heard).toEqual(events));
    ada.room.startTyping();
    await until(() => expect(bo.room.typing.map(({ id }) => id)).toEqual(["ada"]));
    bo.room.startTyping();
    await until(() => expect(ada.room.typing.map(({ id }) => id)).toEqual(["bo"]));
  });

  it("[C150] carry edits, reactions, deletions and read positions", async () => {
    const name = uniqueName("changes");
    const [ada, bo] = await Promise.all([enter(name, "ada"), enter(name, "bo")]);
    const [{ seq: first }, { seq: second }] = [await ada.room.send("one"), await ada.room.send("two")];
    await ada.room.edit(first, "ONE");
    await until(() => expect(bo.room.messages[0]?.data).toBe("ONE"));
    await bo.room.react(first, "👍");
    await ada.room.delete(second);
    await until(() => expect(bo.room.messages[1]?.deletedAt).toBeDefined());
    await until(() => expect(ada.room.messages).toEqual(bo.room.messages));
    expect(ada.room.messages[0]?.reactions).toEqual({ "👍": ["bo"] });
    expect(bo.room.unread).toBe(1);
    await bo.room.markRead();
    expect(bo.room.unread).toBe(0);
    await bo.room.setTopics(["task"]);
    await ada.room.send("of a chat");
    await callAsServer("POST", `/v1/rooms/${name}/messages`, { event: "task", data: "of a task" });
    await until(() => expect(bo.received.at(-1)).toBe("of a task"));
    expect(bo.received).not.toContain("of a chat");
  });

  it("[C150] end for who is banned, whose token is revoked, or whose room is purged", async () => {
    const name = uniqueName("end");
    const user = uniqueName("ada");
    const [ada, bo] = await Promise.all([enter(name, user), enter(name, "bo")]);
    await callAsServer("POST", `/v1/rooms/${name}/kick`, { user, banSeconds: 60 });
    await until(() =>
      expect(ada.room.state).toMatchObject({ status: "disconnected", error: { code: "banned" } }),
    );
    await until(() => expect(bo.members).toEqual(["bo"]));
    await callAsServer("DELETE", `/v1/rooms/${name}`);
    await until(() =>
      expect(bo.room.state).toMatchObject({ status: "disconnected", error: { code: "deleted" } }),
    );
  });

  it("[C150] a token is renewed while its connection stays open", async () => {
    // The clock of the server, so that the first token does not end before the new one came. The client asks for that 1 s
    // before, as its own clock says.
    const from = stopClock();
    const name = uniqueName("token");
    const bo = await new Guest(way, name, uniqueName("bo")).live();
    const user = uniqueName("ada");
    // The tab that holds the connection asks too.
    const first = way.hasTabs ? 2 : 1;
    let given = 0;
    const getToken = async () => {
      const token = await tokenFor(user, { expiresInS: given < first ? 2 : 3_600 });
      given += 1;
      return token;
    };
    const ada = await new Guest(way, name, user, { getToken }).live();
    await until(() => expect(given).toBeGreaterThan(first));
    // Behind the new token.
    await ada.client.ping();
    stopClock(from + 5_000);
    await bo.room.send("later");
    await until(() => expect(ada.received).toEqual(["later"]));
    await ada.room.send("answer");
    expect(ada.states).not.toContain("reconnecting");
  });
});

describe.each(WAYS.filter(({ isShared }) => isShared))("the inbox on $way", (way) => {
  it("[C150] shows what comes, and what is read", async () => {
    const user = uniqueName("ada");
    const { client } = new Guest(way, uniqueName("inbox"), user);
    const inbox = inboxOf(client);
    await until(() => expect(inbox.state.status).toBe("connected"));
    await callAsServer("POST", "/v1/notify", { users: [user], id: "n1", title: "One", message: "1" });
    await until(() => expect(inbox.notifications).toMatchObject([{ id: "n1", state: "unseen" }]));
    await sleep(userObject(user));
    await callAsServer("POST", "/v1/notify", { users: [user], id: "n2", title: "Two", message: "2" });
    await until(() => expect(inbox.unread).toBe(2));
    // The sleep may have come between two calls, which ends a connection over calls: it is opened again.
    await until(() => inbox.mark({ all: true }, "read"));
    await until(() => expect(inbox.unread).toBe(0));
  });
});
