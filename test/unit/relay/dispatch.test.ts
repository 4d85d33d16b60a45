import { describe, expect, it } from "vitest";
import { newConnectionState } from "../../../src/room/people/room-connection.ts";
import { NOTHING_SAID } from "../../../src/room/people/said.ts";
import type { Dispatch, RelayEntry } from "../../../src/room/relays/relay-calls.ts";
import { framesOf, RelaySteps } from "../../../src/room/relays/relay-steps.ts";
import { callsOf, firstOfCall, splitDispatch } from "../../../src/room/relays/split-dispatch.ts";

const at = (seq: number) => ({ epoch: "e", seq });
const entry = (json: string): RelayEntry => ({ kind: "stored", event: "message", json });

const stateOf = (user: string, data: string) => ({
  ...newConnectionState(user, {
    actor: {
      identity: { kind: "user", user: { id: user }, expiresAt: 0, issuedAt: 0 },
      permission: "write",
    },
    ...{ topics: null, presence: true, counted: true, history: 0 },
  }),
  said: { ...NOTHING_SAID, data },
});

describe("a dispatch", () => {
  it("[L11] has the same text of many joiners once", () => {
    const steps = new RelaySteps();
    const [page, own] = ["p".repeat(1_000), "o".repeat(1_000)];
    for (const id of ["a", "b", "c"])
      for (const frame of [`connected ${id}`, page, "end"]) steps.send(id, frame);
    steps.send("a", own);
    const { steps: taken, texts } = steps.take();
    expect(texts).toEqual([page]);
    expect(steps.isEmpty).toBe(true);
    const sent = taken.map((step) => (step.do === "send" ? [step.id, ...framesOf(step.frames, texts)] : []));
    expect(sent).toEqual([
      ["a", "connected a", page, "end"],
      ["b", "connected b", page, "end"],
      ["c", "connected c", page, "end"],
      ["a", own],
    ]);
  });

  it("[L11] that is larger than a call is several that follow on each other, with the same events and answers", () => {
    const entries = Array.from({ length: 10 }, (_, n) => entry(`${n}`.repeat(40)));
    const dispatch: Dispatch = {
      ...{ life: "l", number: 7, after: at(3), upTo: at(13) },
      ...{ waiting: [], waitingAs: 1, openStreams: 0, asksWho: false, asks: [] },
      recent: { since: 0, floor: 0 },
      steps: [
        { do: "admitted", id: "a" },
        { do: "deliver", entries, answers: [["a", ["ok"]]], checkpoint: "c" },
        { do: "send", id: "b", frames: ["first"] },
      ],
      texts: [],
    };
    expect(splitDispatch(dispatch)).toEqual([dispatch]);
    const parts = splitDispatch(dispatch, 100);
    expect(parts.map(({ number }) => number)).toEqual([7, 8, 9, 10, 11, 12, 13]);
    expect(parts.map(({ after, upTo }) => [after.seq, upTo.seq])).toEqual([
      ...Array.from({ length: 6 }, () => [3, 3]),
      [3, 13],
    ]);
    const steps = parts.flatMap((part) => part.steps);
    expect(steps.flatMap((step) => (step.do === "deliver" ? step.entries : []))).toEqual(entries);
    expect(steps.map((step) => step.do)).toEqual(["admitted", ...Array(5).fill("deliver"), "send"]);
    expect(steps.at(-2)).toMatchObject({ answers: [["a", ["ok"]]], checkpoint: "c" });
  });

  it("[L131] has messages that go along with their reactions in its length", () => {
    const entries = Array.from({ length: 4 }, () => ({
      ...{ ...entry("r"), kind: "stored" as const, event: "chat" },
      now: { body: "x".repeat(1_000), since: undefined },
    }));
    const dispatch: Dispatch = {
      ...{ life: "l", number: 1, after: at(3), upTo: at(7), texts: [] },
      ...{ waiting: [], waitingAs: 1, openStreams: 0, asksWho: false, asks: [] },
      recent: { since: 0, floor: 0 },
      steps: [{ do: "deliver", entries, answers: [], checkpoint: null }],
    };
    const parts = splitDispatch(dispatch, 2_500);
    expect(
      parts.map(({ steps }) => steps.flatMap((step) => (step.do === "deliver" ? step.entries : []))),
    ).toEqual([entries.slice(0, 2), entries.slice(2)]);
  });

  it.each(["open", "state"] as const)(
    "[L142] has what users say of themselves in its length, in %s too",
    (kind) => {
      const steps = ["ada", "bo", "cy"].map((user) => ({
        ...{ do: kind, id: user, state: stateOf(user, "x".repeat(1_000)) },
      }));
      const dispatch: Dispatch = {
        ...{ life: "l", number: 1, after: at(3), upTo: at(3), steps, texts: [] },
        ...{
          waiting: [],
          waitingAs: 1,
          openStreams: 0,
          asksWho: false,
          asks: [],
          recent: { since: 0, floor: 0 },
        },
      };
      expect(splitDispatch(dispatch, 2_000).map((part) => part.steps.length)).toEqual([1, 1, 1]);
      expect(splitDispatch(dispatch, 10_000)).toHaveLength(1);
      const calls = callsOf(
        Array.from({ length: 3 }, () => ({
          ...{ number: 1, region: "" },
          dispatch: {
            ...dispatch,
            steps: [{ do: kind, id: "ada", state: stateOf("ada", "x".repeat(2_000_000)) }],
          },
        })),
      );
      expect(calls.map(({ length }) => length)).toEqual([2, 1]);
    },
  );

  it("[L185] has its questions in its length, and what may be answered", () => {
    const asks = (about: number) =>
      Array.from(
        { length: about },
        (_, at) => ({ about: "connection", id: `c_${at}.1`, user: "ada" }) as const,
      );
    const dispatch: Dispatch = {
      ...{ life: "l", number: 1, after: at(3), upTo: at(3), steps: [], texts: [] },
      ...{ waiting: [], waitingAs: 1, openStreams: 0, asksWho: false, asks: asks(200) },
      recent: { since: 0, floor: 0 },
    };
    const gathered = Array.from({ length: 3 }, () => ({ number: 1, region: "", dispatch }));
    expect(callsOf(gathered).map(({ length }) => length)).toEqual([1, 1, 1]);
    const apart = gathered.map((one) => ({ ...one, dispatch: { ...dispatch, asks: asks(200) } }));
    expect(firstOfCall(apart)).toBe(1);
    expect(firstOfCall(gathered)).toBe(3);
  });
});
