import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import type { CountedEntry } from "../../../src/object/journal.ts";
import { Uploads } from "../../../src/relay/uploads.ts";
import { newConnectionState } from "../../../src/room/people/room-connection.ts";
import type { Upload, UploadAnswer } from "../../../src/room/relays/relay-calls.ts";

const stateOf = (id: string) =>
  newConnectionState(id, { actor: SERVER, history: 0, topics: null, presence: false, counted: true });

/** Uploads to a room of which the test decides what becomes of each. */
class RoomOfUploads {
  readonly calls: Upload[] = [];
  readonly doubted: string[] = [];
  readonly counted: CountedEntry[] = [];
  readonly taken: string[] = [];
  readonly uploads: Uploads;
  answer: (upload: Upload) => Promise<UploadAnswer> = async () => this.ok();
  life = "first";
  #lists = 0;

  constructor() {
    this.uploads = new Uploads(1, "relay", {
      upload: (upload) => {
        this.calls.push(structuredClone(upload));
        return this.answer(upload);
      },
      seen: () => 0,
      counted: () => this.counted.splice(0),
      sums: () => ({ connections: 1, members: 1, anonymous: 0, count: 1, after: null, holds: null }),
      inDoubt: (ids) => this.doubted.push(...ids),
      owes: () => {},
      taken: (items) => this.taken.push(...items.map(({ kind }) => kind)),
      failed: () => {},
      random: () => 0,
      wait: async () => {},
    });
  }

  ok(waiting: readonly string[] = [], waitingAs = ++this.#lists): UploadAnswer {
    return { kind: "taken", life: this.life, waiting, waitingAs, dispatched: 0 };
  }

  frame(id: string, text: string): void {
    this.uploads.addFrame({ state: stateOf(id), unsent: 0 }, text);
  }
}

const framesOf = ({ items }: Upload) =>
  items.map((item) => (item.kind === "frames" ? [item.state.id, ...item.frames] : [item.kind]));

describe("uploads", () => {
  it("[L12] go one at a time; what comes meanwhile goes together, in order", async () => {
    const room = new RoomOfUploads();
    const first = Promise.withResolvers<void>();
    room.answer = async () => {
      if (room.calls.length === 1) await first.promise;
      return room.ok();
    };
    room.frame("a", "1");
    await Promise.resolve();
    await Promise.resolve();
    for (const text of ["2", "3"]) for (const id of ["a", "b"]) room.frame(id, text);
    room.uploads.add({ kind: "left", id: "a", departure: "left" });
    expect(room.calls.map(framesOf)).toEqual([[["a", "1"]]]);
    first.resolve();
    await room.uploads.settled;
    expect(room.calls.map(framesOf).slice(1)).toEqual([[["a", "2", "3"], ["b", "2", "3"], ["left"]]]);
    expect(room.calls.map(({ number }) => number)).toEqual([1, 2]);
  });

  it("[L4] whose answer is lost are sent again under their number, and nobody is in doubt", async () => {
    const room = new RoomOfUploads();
    room.frame("a", "1");
    await room.uploads.settled;
    room.answer = async () => {
      if (room.calls.length < 4) throw new Error("lost");
      return room.ok();
    };
    room.frame("a", "2");
    await room.uploads.settled;
    expect(room.calls.map(({ number }) => number)).toEqual([1, 2, 2, 2]);
    expect([room.doubted, room.taken]).toEqual([[], ["frames", "frames"]]);
  });

  it("[L55] are not sent again while no life of the room is known: another one would take them twice", async () => {
    const room = new RoomOfUploads();
    room.answer = async () => {
      if (room.calls.length === 1) throw new Error("taken, and the room died before it answered");
      return room.ok();
    };
    room.frame("a", "1");
    await room.uploads.settled;
    expect(room.calls).toHaveLength(1);
    expect([room.doubted, room.taken]).toEqual([["a"], ["frames"]]);
    room.frame("b", "2");
    await room.uploads.settled;
    expect(room.calls.map(framesOf)).toEqual([[["a", "1"]], [["b", "2"]]]);
  });

  it("[L4] that are refused by one life after the other are not sent on and on: their clients come back", async () => {
    const room = new RoomOfUploads();
    room.frame("a", "1");
    await room.uploads.settled;
    let refused = 0;
    room.answer = async () => (++refused > 3 ? room.ok() : { kind: "other life", life: `life ${refused}` });
    room.frame("a", "2");
    await room.uploads.settled;
    expect([refused, room.doubted]).toEqual([2, ["a"]]);
  });

  it("[L4] that a later life of the room refuses go to it, unless the one before may have taken them", async () => {
    const room = new RoomOfUploads();
    room.frame("a", "1");
    await room.uploads.settled;
    room.life = "second";
    const refuses = async ({ life }: Upload): Promise<UploadAnswer> =>
      life === room.life ? room.ok() : { kind: "other life", life: room.life };
    room.answer = refuses;
    room.frame("a", "2");
    await room.uploads.settled;
    expect(room.calls.map(({ life }) => life)).toEqual([null, "first", "second"]);
    expect(room.doubted).toEqual([]);
    room.life = "third";
    let calls = 0;
    room.answer = async (upload) => {
      if (++calls === 1) throw new Error("the room died with it, or after it");
      return refuses(upload);
    };
    room.frame("a", "3");
    await room.uploads.settled;
    expect(room.doubted).toEqual(["a"]);
  });

  it("[L187] that a life of the room refuses say again what they counted, and those that it may have taken do not", async () => {
    const room = new RoomOfUploads();
    room.frame("a", "1");
    await room.uploads.settled;
    const opened = { kind: "opened", times: 3 } as const;
    room.counted.push(opened);
    room.life = "second";
    room.answer = async ({ life }) =>
      life === room.life ? room.ok() : { kind: "other life", life: room.life };
    room.frame("a", "2");
    await room.uploads.settled;
    room.frame("a", "3");
    await room.uploads.settled;
    expect(room.calls.slice(1).map(({ counted }) => counted)).toEqual([[opened], [opened], []]);
    room.counted.push(opened);
    const refuses = room.answer;
    let calls = 0;
    room.life = "third";
    room.answer = async (upload) => {
      if (++calls === 1) throw new Error("taken by the life before, or not");
      return refuses(upload);
    };
    room.frame("a", "4");
    await room.uploads.settled;
    room.frame("a", "5");
    await room.uploads.settled;
    expect(room.calls.at(-1)?.counted).toEqual([]);
  });

  it("[L4] of connections with something that still waits are in doubt when the room dies, and not when it sleeps", async () => {
    const room = new RoomOfUploads();
    room.answer = async () => room.ok(["b"]);
    room.frame("a", "done");
    room.frame("b", "an auth");
    await room.uploads.settled;
    room.uploads.heard({ life: "second", waiting: [], waitingAs: 1 });
    expect(room.doubted).toEqual(["b"]);
    room.uploads.heard({ life: "third", waiting: [], waitingAs: 1 });
    expect(room.doubted).toEqual(["b"]);
    expect([room.uploads.isOver("first"), room.uploads.isOver("third")]).toEqual([true, false]);
  });

  it("[L20] are in doubt by the list that the room made last, whichever comes last", async () => {
    const room = new RoomOfUploads();
    room.answer = async () => room.ok(["a"], 7);
    room.uploads.heard({ life: "first", waiting: ["b"], waitingAs: 5 });
    room.frame("a", "an auth");
    await room.uploads.settled;
    // A dispatch that was made before the answer.
    room.uploads.heard({ life: "first", waiting: [], waitingAs: 6 });
    room.uploads.heard({ life: "second", waiting: [], waitingAs: 1 });
    expect(room.doubted).toEqual(["a"]);
  });

  it("[L4] that do not reach the room end their connections; who is gone is said with the next", async () => {
    const room = new RoomOfUploads();
    room.answer = async () => {
      throw new Error("out of reach");
    };
    room.frame("a", "1");
    room.uploads.add({ kind: "left", id: "b", departure: "lost" });
    await room.uploads.settled;
    expect(room.doubted).toEqual(["a", "b"]);
    room.answer = async () => room.ok();
    room.frame("c", "2");
    await room.uploads.settled;
    expect(framesOf(room.calls.at(-1) ?? expect.fail())).toEqual([["left"], ["c", "2"]]);
  });
});
