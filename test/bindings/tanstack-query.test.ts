// What the events of a room do to the queries of TanStack Query: its real client beside the real client of rooms.

import { QueryClient, type QueryKey, QueryObserver } from "@tanstack/query-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { invalidateOn } from "../../client/tanstack-query/index.ts";
import { clientForTest, dialedRoom } from "../unit/client/support/client-for-test.ts";
import type { Frame } from "../unit/client/support/fake-sockets.ts";
import { batch, caughtUp, connected, message } from "../unit/client/support/frames.ts";

let queryClient: QueryClient;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false }, mutations: { retry: false } },
  });
  queryClient.mount();
});
afterEach(() => {
  queryClient.unmount();
  queryClient.clear();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const task = (seq: number, more: Frame = {}) => message(seq, { event: "task.moved", ...more });

/** A query that is observed, with a count of its fetches. */
async function observed(queryKey: QueryKey) {
  const fetches = { count: 0 };
  const observer = new QueryObserver(queryClient, {
    queryKey,
    queryFn: () => {
      fetches.count += 1;
      return fetches.count;
    },
  });
  observer.subscribe(() => {});
  await pass(0);
  fetches.count = 0;
  return fetches;
}

it("[V17] gathers keys, and invalidates each once: 50 ms after the last event, and 1 s after the first", async () => {
  const { room, goLive, socket } = await dialedRoom();
  await goLive();
  const [tasks, other] = [await observed(["tasks", "open"]), await observed(["other"])];
  const stop = invalidateOn(room, { task: ["tasks"] }, queryClient);
  let seq = 0;
  for (let n = 0; n < 1_000; n++) socket().deliver(task(++seq));
  await pass(49);
  expect(tasks.count).toBe(0);
  await pass(1);
  expect([tasks.count, other.count]).toEqual([1, 0]);
  await pass(2_000);
  tasks.count = 0;
  for (let n = 0; n < 300; n++) {
    socket().deliver(task(++seq));
    await pass(5);
    if (n === 202) expect(tasks.count).toBe(1);
  }
  await pass(100);
  expect(tasks.count).toBe(2);
  socket().deliver(task(++seq));
  stop();
  socket().deliver(task(++seq));
  await pass(2_000);
  expect(tasks.count).toBe(2);
});

it("[V17] invalidates at the end of a replay, and all keys that it knows after `lost`", async () => {
  const { room, goLive, socket, clock } = await dialedRoom();
  const [tasks, one, other] = [
    await observed(["tasks"]),
    await observed(["task", 7]),
    await observed(["other"]),
  ];
  invalidateOn(room, { task: ["tasks"], "task.named": ({ data }) => ["task", data] }, queryClient);
  await goLive({ head: 2 }, batch(task(1), task(2)));
  await pass(0);
  expect(tasks.count).toBe(1);
  socket().deliver(task(3, { event: "task.named", data: 7 }));
  await pass(50);
  expect([tasks.count, one.count]).toEqual([2, 1]);
  socket().end(1006);
  await clock.advance(60_000);
  await goLive({ head: 90, recovery: "lost" });
  await pass(0);
  expect([tasks.count, one.count, other.count]).toEqual([3, 2, 0]);
});

it("[V17] listens to a room that was left and is opened again, and takes all keys as stale then", async () => {
  const { client, clock, sockets } = clientForTest();
  const room = client.peek("lobby");
  const tasks = await observed(["tasks"]);
  const stop = invalidateOn(room, { task: ["tasks"] }, queryClient);
  const open = async () => {
    const release = room.hold();
    await clock.advance(0);
    sockets.last.deliver(connected(), caughtUp(0));
    return release;
  };
  const release = await open();
  await pass(0);
  expect(tasks.count).toBe(0);
  release();
  await clock.advance(0);
  await open();
  await pass(50);
  expect(tasks.count).toBe(1);
  sockets.last.deliver(task(1));
  await pass(50);
  expect(tasks.count).toBe(2);
  stop();
  client.close();
});

it("[V18] a first fetch that is under way begins again, and its query never fails", async () => {
  const { room, goLive, socket } = await dialedRoom();
  await goLive();
  invalidateOn(room, { task: ["tasks"] }, queryClient);
  const answers: ((data: string) => void)[] = [];
  const observer = new QueryObserver(queryClient, {
    queryKey: ["tasks"],
    queryFn: ({ signal: _ }) => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const seen: unknown[] = [];
  observer.subscribe(({ status, data }) => seen.push(`${status} ${data}`));
  await pass(0);
  socket().deliver(task(1));
  await pass(50);
  expect(answers.length).toBe(2);
  answers[0]?.("old");
  answers[1]?.("new");
  await pass(0);
  expect([...new Set(seen)]).toEqual(["pending undefined", "success new"]);
});

it("[V18] a prefetch that is under way is not cancelled, and its data is stale afterwards", async () => {
  const { room, goLive, socket } = await dialedRoom();
  await goLive();
  invalidateOn(room, { task: ["tasks"] }, queryClient);
  let answer = (_: string) => {};
  const prefetched = queryClient.fetchQuery({
    queryKey: ["tasks"],
    queryFn: () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  });
  await pass(0);
  socket().deliver(task(1));
  await pass(50);
  answer("old");
  expect(await prefetched).toBe("old");
  await pass(0);
  expect(queryClient.getQueryState(["tasks"])?.isInvalidated).toBe(true);
});

it("[V19] leaves own events alone unless it is asked to, and waits for a mutation of its key", async () => {
  const { room, goLive, socket } = await dialedRoom();
  await goLive();
  const tasks = await observed(["tasks"]);
  const stop = invalidateOn(room, { task: ["tasks"] }, queryClient);
  socket().deliver(task(1, { from: { id: "usr_1" } }));
  await pass(1_000);
  expect(tasks.count).toBe(0);
  let end = () => {};
  const run = (mutationKey: QueryKey) =>
    queryClient
      .getMutationCache()
      .build(queryClient, { mutationKey, mutationFn: () => new Promise<void>((resolve) => (end = resolve)) })
      .execute(undefined);
  const adding = run(["tasks", "add"]);
  await pass(0);
  socket().deliver(task(2));
  await pass(5_000);
  expect(tasks.count).toBe(0);
  end();
  await adding;
  await pass(0);
  expect(tasks.count).toBe(1);
  const elsewhere = run(["users"]);
  await pass(0);
  socket().deliver(task(3));
  await pass(50);
  expect(tasks.count).toBe(2);
  end();
  await elsewhere;
  stop();
  invalidateOn(room, { task: ["tasks"] }, queryClient, { own: true });
  socket().deliver(task(4, { from: { id: "usr_1" } }));
  await pass(50);
  expect(tasks.count).toBe(3);
});

it("[V19] a function gets the event and the query client, and may change the data itself", async () => {
  const { room, goLive, socket } = await dialedRoom();
  await goLive();
  const tasks = await observed(["tasks"]);
  invalidateOn(
    room,
    {
      "task.deleted": ({ data }, client) => {
        client.setQueryData(["tasks"], `without ${data}`);
      },
    },
    queryClient,
  );
  socket().deliver(task(1, { event: "task.deleted", data: "A" }));
  await pass(1_000);
  expect([queryClient.getQueryData(["tasks"]), tasks.count]).toEqual(["without A", 0]);
});
