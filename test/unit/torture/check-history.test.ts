// The checker of `npm run torture`: each anomaly, made by hand, is found, and what may happen is none.

import { describe, expect, it } from "vitest";
import { checkHistory } from "../../torture/check-history.ts";
import type { Change, Entry, Item } from "../../torture/history.ts";

const LOG = "lobby";
const READER = "bo in lobby";

const item = (seq: number, text: string | null = `t${seq}`, reactions: readonly string[] = []): Item => ({
  seq,
  text,
  reactions,
});
const send = (op: number, text = `t${op}`, sender = "ada"): Entry => ({
  is: "send",
  op,
  log: LOG,
  text,
  sender,
});
const stored = (op: number, seq = op): Entry => ({ is: "stored", op, seq });
const unknown = (op: number): Entry => ({ is: "unknown", op, code: "offline" });
const refused = (op: number): Entry => ({ is: "refused", op, code: "forbidden" });
const change = (op: number, target: number, what: Change): Entry => ({
  is: "change",
  op,
  log: LOG,
  target,
  change: what,
});
const reads: Entry = { is: "reads", reader: READER, log: LOG };
const caughtUp = (seq = 0): Entry => ({ is: "caughtUp", reader: READER, seq });
const heard = (seq: number, text: string | null | undefined = `t${seq}`): Entry => ({
  is: "heard",
  reader: READER,
  seq,
  ...(text !== undefined && { text }),
});
const changeHeard = (seq: number): Entry => ({ is: "heard", reader: READER, seq });
const cursor = (seq: number): Entry => ({ is: "cursor", reader: READER, seq });
const lost: Entry = { is: "lost", reader: READER };
const log = (items: readonly Item[], floor = 0): Entry => ({ is: "log", log: LOG, floor, items });
const view = (items: readonly Item[], unread?: number): Entry => ({
  is: "view",
  reader: READER,
  items,
  ...(unread !== undefined && { unread }),
});
const seqs = (...numbers: readonly number[]) => numbers.map((seq) => item(seq));

const found = (...entries: readonly Entry[]) =>
  checkHistory(entries).map(({ kind, what }) => `${kind}: ${what}`);

/** Two messages, which are stored and heard. */
const TWO: readonly Entry[] = [send(1), send(2), stored(1), stored(2), reads, caughtUp(), heard(1), heard(2)];

describe("a history in which nothing is wrong", () => {
  it("[O59] passes", () => {
    const members = [{ user: "ada", status: "away" }];
    expect(
      found(
        ...TWO,
        change(3, 1, { type: "edit", text: "e1" }),
        stored(3),
        changeHeard(3),
        cursor(3),
        change(4, 2, { type: "react", reaction: "👍 bo" }),
        stored(4),
        changeHeard(4),
        log([item(1, "e1"), item(2, "t2", ["👍 bo"])]),
        view([item(1, "e1"), item(2, "t2", ["👍 bo"])]),
        { is: "members", log: LOG, by: "server", members },
        { is: "members", log: LOG, by: READER, members },
        { is: "present", log: LOG, users: ["ada"] },
      ),
    ).toEqual([]);
  });

  it("[O59] may have sends whose outcome nobody knows, stored or not", () => {
    const entries = [send(1), unknown(1), send(2), unknown(2), reads, caughtUp(), heard(1, "t2")];
    expect(found(...entries, log([item(1, "t2")]), view([item(1, "t2")]))).toEqual([]);
  });

  it("[O59] may have a log and a reader that begin late, and a reader that was told what it lost", () => {
    const sends = [1, 2, 3, 4, 5].flatMap((op) => [send(op), stored(op)]);
    expect(
      found(...sends, reads, heard(4), caughtUp(4), heard(5), log(seqs(3, 4, 5), 2), view(seqs(4, 5))),
    ).toEqual([]);
    expect(
      found(
        ...sends,
        reads,
        caughtUp(),
        heard(1),
        lost,
        heard(4),
        heard(5),
        log(seqs(4, 5), 3),
        view(seqs(4, 5)),
      ),
    ).toEqual([]);
  });

  it("[O59] may have own messages that took their place without an event, which is told late", () => {
    const unechoed: Entry = { is: "unechoed", reader: READER, seq: 1, text: "t1" };
    const entries = [send(1), send(2), reads, caughtUp(), heard(2), stored(1), unechoed, stored(2)];
    expect(found(...entries, log(seqs(1, 2)), view(seqs(1, 2)))).toEqual([]);
  });
});

describe("a lost write", () => {
  it("[O60] is an acknowledged message that is not in the log", () => {
    expect(found(send(1), stored(1), send(2), stored(2), log(seqs(2)))).toEqual([
      "lost write: t1 was stored at 1, and is not in the log",
    ]);
  });

  it("[O60] is a stored message that a reader who stayed never heard", () => {
    expect(
      found(
        send(1),
        stored(1),
        send(2),
        stored(2),
        reads,
        caughtUp(),
        heard(1),
        log(seqs(1, 2)),
        view(seqs(1, 2)),
      ),
    ).toEqual(["lost write: 2 is stored, and was never heard"]);
  });

  it("[O60] is what a client had kept for later and nobody ever saw", () => {
    expect(found(send(1), { is: "kept", op: 1 }, unknown(1), log([]))).toEqual([
      "lost write: t1 was kept, and was never stored",
    ]);
  });

  it.each<[string, Item, Change]>([
    ["edit", item(1, "t1"), { type: "edit", text: "e1" }],
    ["deletion", item(1, "t1"), { type: "delete" }],
    ["reaction", item(1, "t1"), { type: "react", reaction: "👍 bo" }],
    ["end of a reaction", item(1, "t1", ["👍 bo"]), { type: "unreact", reaction: "👍 bo" }],
    ["mark", { ...item(1, "t1"), mark: "seen" }, { type: "mark", mark: "read" }],
  ])("[O60] is an acknowledged %s that the log does not show", (_, end, what) => {
    const before =
      what.type === "unreact" ? [change(8, 1, { type: "react", reaction: "👍 bo" }), stored(8)] : [];
    const kinds = checkHistory([send(1), stored(1), ...before, change(9, 1, what), stored(9), log([end])]);
    expect(kinds.map(({ kind }) => kind)).toEqual(["lost write"]);
  });
});

describe("a duplicate", () => {
  it("[O60] is one send at two places of the log", () => {
    expect(found(send(1), unknown(1), log([item(1), item(2, "t1")]))).toEqual([
      "duplicate: t1 stands at 1 and 2",
    ]);
  });

  it("[O60] is an event that a reader heard twice", () => {
    expect(found(...TWO, heard(2), log(seqs(1, 2)), view(seqs(1, 2)))).toEqual(["duplicate: heard 2 twice"]);
  });

  it("[O60] is a place in which a reader heard something else than the log has: it was not durable", () => {
    expect(
      found(send(1), send(2), unknown(1), stored(2, 1), reads, caughtUp(), heard(1), log([item(1, "t2")])),
    ).toEqual(["duplicate: at 1 stand t2 and t1"]);
  });
});

describe("a skip", () => {
  it("[O60] is a message that a reader passed, live or as it caught up", () => {
    const three = [1, 2, 3].flatMap((op) => [send(op), stored(op)]);
    expect(found(...three, reads, caughtUp(), heard(1), heard(3), log(seqs(1, 2, 3)))).toEqual([
      "skip: passed 2 on the way to 3",
    ]);
    expect(found(...three, reads, caughtUp(), heard(1), caughtUp(2), heard(3), log(seqs(1, 2, 3)))).toEqual([
      "skip: passed 2 on the way to 2",
    ]);
  });

  it("[O60] is found also where the log has forgotten the message", () => {
    const three = [1, 2, 3].flatMap((op) => [send(op), stored(op)]);
    expect(found(...three, reads, caughtUp(), heard(1), heard(3), log(seqs(3), 2))).toEqual([
      "skip: passed 2 on the way to 3",
    ]);
  });
});

describe("non-monotonic", () => {
  it("[O60] are events that a reader heard out of order", () => {
    expect(found(...TWO.slice(0, 6), heard(2), heard(1), log(seqs(1, 2)))).toEqual([
      "skip: passed 1 on the way to 2",
      "non-monotonic: heard 1 after 2",
    ]);
  });

  it("[O60] is a cursor that goes back", () => {
    expect(found(...TWO, cursor(2), cursor(1), log(seqs(1, 2)))).toEqual([
      "non-monotonic: the cursor went from 2 back to 1",
    ]);
  });

  it("[O60] are messages of one client that were stored in another order", () => {
    expect(found(send(1), send(2), stored(2, 1), stored(1, 2), log([item(1, "t2"), item(2, "t1")]))).toEqual([
      "non-monotonic: ada sent t1 before t2: 2, 1",
    ]);
  });
});

describe("a phantom", () => {
  it("[O60] is what nobody sent, in the log or in a view", () => {
    expect(found(log(seqs(1)))).toEqual(["phantom: t1 was never sent"]);
    expect(found(reads, heard(1), log([]))).toEqual(["phantom: t1 was never sent"]);
  });

  it("[O60] is what was refused, and is there", () => {
    expect(found(send(1), refused(1), log(seqs(1)))).toEqual([
      "phantom: t1 was refused (forbidden), and is there",
    ]);
    const edit = [change(2, 1, { type: "edit", text: "e1" }), refused(2)];
    expect(found(send(1), stored(1), ...edit, log([item(1, "e1")]))).toEqual([
      "phantom: 1: e1 was refused (forbidden)",
    ]);
  });

  it("[O60] is a deletion or a reaction that nobody made", () => {
    expect(found(send(1), stored(1), log([item(1, null, [])]))).toEqual([
      "phantom: 1: it is deleted, and nobody deleted it",
    ]);
    expect(found(send(1), stored(1), log([item(1, "t1", ["👍 bo"])]))).toEqual([
      "phantom: 1: nobody reacted 👍 bo",
    ]);
  });
});

describe("in the end", () => {
  it("[O61] a view that is not the log has diverged", () => {
    const one = [send(1), stored(1), reads, caughtUp(), heard(1), log([item(1, "t1", [])])];
    expect(found(...one, view([item(1, "t1", ["👍 bo"])]))).toEqual([
      'diverged: it shows [1,"t1",["👍 bo"],null] in place of [1,"t1",[],null]',
    ]);
    expect(found(...one, view([]))).toEqual(["diverged: it shows nothing"]);
    expect(found(...TWO, log(seqs(1, 2)), view(seqs(1)))).toEqual([
      'diverged: it shows [1,"t1",[],null] in place of [2,"t2",[],null]',
    ]);
  });

  it("[O61] unread notifications are counted as the server counts them", () => {
    const marked = { ...item(1), mark: "read" };
    expect(found(send(1), stored(1), reads, heard(1), log([marked]), view([marked], 1))).toEqual([
      "diverged: 1 are unread in place of 0",
    ]);
  });

  it("[O61] members who are gone or missing, or whom a reader sees otherwise, have diverged", () => {
    const ada = { user: "ada", status: "online" };
    const server: Entry = { is: "members", log: LOG, by: "server", members: [ada] };
    expect(found(server, { is: "present", log: LOG, users: ["ada", "bo"] })).toEqual([
      "diverged: ada are there in place of ada, bo",
    ]);
    const other: Entry = { is: "members", log: LOG, by: READER, members: [{ user: "ada", status: "away" }] };
    expect(found(server, other, { is: "present", log: LOG, users: ["ada"] })).toEqual([
      "diverged: ada away; ada online",
    ]);
  });

  it("[O61] a call without an outcome is unanswered", () => {
    expect(found(send(1), change(2, 1, { type: "delete" }), log([]))).toEqual([
      "unanswered: send 1 of t1",
      "unanswered: delete 2 of 1",
    ]);
  });
});
