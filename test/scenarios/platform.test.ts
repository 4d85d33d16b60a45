// A platform that was built on Socket.IO: its back end is asked who may enter, a message is acknowledged by a promise,
// staff announces something in two rooms, one user sits at two devices, another one in a network without WebSockets.

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient, inboxOf, type RoomHandle } from "../../client/index.ts";
import { BlockingProxy } from "../e2e/support/blocking-proxy.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { type LocalServer, startServer } from "../support/local-server.ts";
import { PlatformBackEnd } from "./apps/platform-back-end.ts";

const SOON = { timeout: 45_000, interval: 20 };

let backEnd: PlatformBackEnd;
let server: LocalServer;
const clients: Client[] = [];

beforeAll(async () => {
  backEnd = await PlatformBackEnd.start();
  server = await startServer({ vars: backEnd.vars });
  backEnd.use(server);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  backEnd?.close();
  await server?.stop();
});

/** A device of a user. */
function deviceOf(user: string): Client {
  const getToken = async () => (await fetch(`${backEnd.url}/token?user=${user}`)).text();
  const client = createClient({ url: server.url, getToken, log: "off" });
  clients.push(client);
  return client;
}

const enter = (user: string, room: string) => deviceOf(user).room(room);

/** The `id`s of those who are here. */
const present = (room: RoomHandle) => room.members.map(({ id }) => id).sort();
const connected = (...rooms: readonly RoomHandle[]) =>
  expect.poll(() => rooms.map(({ state }) => state.status), SOON).toEqual(rooms.map(() => "connected"));

it("[O70][O71] asks its back end who may enter, and says why somebody may not", async () => {
  backEnd.rights.team_1 = { ada: "write", bo: "read" };
  const [ada, bo, eve] = [enter("ada", "team_1"), enter("bo", "team_1"), enter("eve", "team_1")];
  await connected(ada, bo);
  expect([ada.permission, bo.permission]).toEqual(["write", "read"]);
  await expect.poll(() => eve.state.status, SOON).toBe("disconnected");
  expect(eve.state).toMatchObject({
    error: { code: "forbidden", message: expect.stringContaining("AUTHORIZE_URL gives none here") },
  });
  expect(backEnd.questions.toSorted()).toEqual(["ada in team_1", "bo in team_1", "eve in team_1"]);
  // Nobody else may ask.
  const forged = await fetch(`${backEnd.url}/authorize`, { method: "POST", body: "{}" });
  expect(forged.status).toBe(401);
});

it("[O70] a message is acknowledged by a promise, also one that is refused", async () => {
  backEnd.rights.acks = { ada: "write", bo: "read" };
  const [ada, bo] = [enter("ada", "acks"), enter("bo", "acks")];
  await connected(ada, bo);
  const heard: unknown[] = [];
  bo.on("message", ({ seq, data }) => heard.push([seq, data]));
  const { seq, at } = await ada.send({ text: "Hello" });
  expect(seq).toBe(1);
  expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
  await expect.poll(() => heard, SOON).toEqual([[1, { text: "Hello" }]]);
  await expect(bo.send({ text: "Me too" })).rejects.toMatchObject({ code: "forbidden" });
  await expect(ada.send({ text: "x".repeat(40_000) })).rejects.toMatchObject({ code: "too_large" });
});

it("[O70][O73] an announcement in two rooms reaches all but its sender", async () => {
  backEnd.rights.north = { ada: "write", bo: "write" };
  backEnd.rights.south = { ada: "write", cy: "write" };
  const ada = deviceOf("ada");
  const rooms = {
    "ada in north": ada.room("north"),
    "ada in south": ada.room("south"),
    "bo in north": enter("bo", "north"),
    "cy in south": enter("cy", "south"),
  };
  const heard: string[] = [];
  for (const [where, room] of Object.entries(rooms))
    for (const event of ["announcement", "maintenance"])
      room.onEvent(event, ({ data }) => heard.push(`${where}: ${data}`), { own: false });
  await connected(...Object.values(rooms));

  // Stored, in her name: whoever says `own: false` does not hear what they said themselves.
  const stored = await backEnd.api.broadcast({
    rooms: ["north", "south"],
    event: "announcement",
    data: "Lunch",
    from: { id: "ada" },
  });
  expect(stored).toEqual([
    { room: "north", seq: 1 },
    { room: "south", seq: 1 },
  ]);
  // Not stored: it is not even sent to her.
  await backEnd.api.broadcast({
    rooms: ["north", "south"],
    event: "maintenance",
    data: "at 22:00",
    ephemeral: true,
    except: "ada",
  });
  await expect
    .poll(() => heard.toSorted(), SOON)
    .toEqual(["bo in north: Lunch", "bo in north: at 22:00", "cy in south: Lunch", "cy in south: at 22:00"]);
  // What comes after it would come after it to her too.
  await backEnd.api.broadcast({ rooms: ["north", "south"], event: "announcement", data: "End" });
  await expect.poll(() => heard.length, SOON).toBe(8);
  expect(heard.filter((text) => text.startsWith("ada")).toSorted()).toEqual([
    "ada in north: End",
    "ada in south: End",
  ]);
});

it("[O70] one user on two devices counts once, has one read position and one inbox", async () => {
  backEnd.rights.desk = { ada: "write", bo: "write" };
  const [laptop, phone] = [deviceOf("ada"), deviceOf("ada")];
  const [onLaptop, onPhone, bo] = [laptop.room("desk"), phone.room("desk"), enter("bo", "desk")];
  const [inbox, otherInbox] = [inboxOf(laptop), inboxOf(phone)];
  const titles: string[] = [];
  inbox.on("notification", ({ title }) => titles.push(`laptop: ${title}`));
  otherInbox.on("notification", ({ title }) => titles.push(`phone: ${title}`));
  await connected(onLaptop, onPhone, bo);
  await expect.poll(() => present(bo), SOON).toEqual(["ada", "bo"]);
  const desk = backEnd.api.room("desk");
  expect((await desk.members()).occupancy).toEqual({ members: 2, connections: 3 });

  for (const text of ["one", "two", "three"]) await bo.send({ text });
  await expect.poll(() => [onLaptop.unread, onPhone.unread], SOON).toEqual([3, 3]);
  await onLaptop.markRead(2);
  await expect.poll(() => onPhone.unread, SOON).toBe(1);

  await expect
    .poll(() => [inbox.state.status, otherInbox.state.status], SOON)
    .toEqual(["connected", "connected"]);
  const [entry] = await backEnd.api.notify({
    user: "ada",
    title: "Invoice",
    message: "It is paid",
    id: "i-1",
  });
  expect(entry).toMatchObject({ user: "ada", delivered: 2 });
  await expect.poll(() => titles.toSorted(), SOON).toEqual(["laptop: Invoice", "phone: Invoice"]);
  expect(otherInbox.unread).toBe(1);
  await inbox.mark({ all: true }, "read");
  await expect.poll(() => otherInbox.unread, SOON).toBe(0);

  // One of them goes: the user stays.
  phone.close();
  await expect
    .poll(async () => (await desk.members()).occupancy, SOON)
    .toEqual({ members: 2, connections: 2 });
  expect(present(bo)).toEqual(["ada", "bo"]);
  laptop.close();
  await expect.poll(() => present(bo), SOON).toEqual(["bo"]);
});

describe.skipIf(chromiumPath === undefined)("its page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** The page of a user, and every frame that it sends. */
  async function open(user: string, room: string, rooms: string) {
    const page = await browser.newPage();
    const frames: string[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => frames.push(String(payload))));
    const query = new URLSearchParams({ user, room, rooms });
    await page.goto(`${backEnd.url}/?${query}`);
    return { page, frames };
  }
  const shows = (page: Page, id: string, text: string | RegExp) =>
    expect.poll(() => page.locator(`#${id}`).textContent(), SOON).toMatch(text);
  const heardOn = (page: Page) => page.locator("li").allTextContents();

  it("[O70] sends what was sent in one turn in one frame", async () => {
    backEnd.rights.batch = { ada: "write", bo: "write" };
    const bo = enter("bo", "batch");
    const { page, frames } = await open("ada", "batch", server.url);
    await shows(page, "status", "connected");
    await connected(bo);
    const before = frames.length;
    const seqs = await page.evaluate<readonly number[]>(
      `Promise.all(["one", "two", "three"].map((text) => room.send({ text }))).then((all) => all.map(({ seq }) => seq))`,
    );
    expect(seqs).toEqual([1, 2, 3]);
    const sent = frames.slice(before).filter((frame) => frame.includes('"send"'));
    expect(sent).toHaveLength(1);
    expect(JSON.parse(sent[0] ?? "")).toMatchObject({ type: "batch", commands: [{}, {}, {}] });
    await expect
      .poll(() => bo.messages.map(({ data }) => data), SOON)
      .toEqual(["one", "two", "three"].map((text) => ({ text })));
    await page.close();
  });

  it("[O70][O72] works where WebSockets are blocked, until its user is removed and told why", async () => {
    backEnd.rights.blocked = { ada: "write", bo: "write" };
    const proxy = await BlockingProxy.start("refuses upgrades", server.port);
    try {
      const ada = enter("ada", "blocked");
      const { page, frames } = await open("bo", "blocked", proxy.url);
      await connected(ada);
      await shows(page, "status", "connected");
      await expect.poll(() => present(ada), SOON).toEqual(["ada", "bo"]);
      await ada.send({ text: "Are you there?" });
      await expect.poll(() => heardOn(page), SOON).toEqual(["ada: Are you there?"]);
      await page.evaluate(`room.send({ text: "Yes" })`);
      await expect.poll(() => ada.messages.length, SOON).toBe(2);
      expect([frames, proxy.seen.calls > 0]).toEqual([[], true]);

      await backEnd.api.room("blocked").kick("bo", { banSeconds: 600, message: "No advertising here" });
      await shows(page, "status", "disconnected");
      await shows(page, "notice", "No advertising here");
      await expect.poll(() => present(ada), SOON).toEqual(["ada"]);
      await page.close();
    } finally {
      await proxy.close();
    }
  });
});
