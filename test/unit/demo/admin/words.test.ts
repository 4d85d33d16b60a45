// What the admin page reads from answers, addresses and forms, and what it says.

import { describe, expect, it } from "vitest";
import { CallError } from "../../../../demo/admin/api.js";
import { dataOf, namesIn } from "../../../../demo/admin/forms.js";
import { textOf } from "../../../../demo/admin/messages.js";
import { addressOf, placeOf } from "../../../../demo/admin/place.js";
import { refusedInHealth, refusedInMetrics } from "../../../../demo/admin/refusals.js";
import { refusalText, resultsText } from "../../../../demo/admin/words.js";
import { ERRORS } from "../../../../src/protocol/index.ts";

describe("the words for a refused act", () => {
  it.each(Object.keys(ERRORS))("[W81] have the reason that the server gives: %s", (code) => {
    const text = refusalText(new CallError(code, "the reason", { retryAfterMs: 90_000 }));
    if (code === "unauthorized" || code === "token_expired" || code === "timeout")
      expect(text).not.toContain("the reason");
    else expect(text).toBe(`The server refused this: the reason (${code}). Try again in 90 seconds.`);
  });

  it("[W81] say that a lost answer leaves open whether it was done", () => {
    for (const code of ["offline", "timeout"])
      expect(refusalText(new CallError(code))).toMatch(/\. It is not known whether this was done\.$/);
  });

  it("[W83] name each room or user that failed", () => {
    const error = { code: "overloaded", message: "try again in a moment" };
    expect(resultsText([{ name: "a" }, { name: "b", error }], "Sent to 1 room.")).toBe(
      "Sent to 1 room. b: try again in a moment (overloaded).",
    );
    expect(resultsText([{ name: "b", error }], "Sent to 0 rooms.")).toBe(
      "b: try again in a moment (overloaded).",
    );
  });
});

describe("refusals by reason", () => {
  it("[W77] are read from the metrics of the deployment", () => {
    const text = [
      "# HELP edge_rooms_refused_total Calls, connections and commands that were refused, by error code.",
      "# TYPE edge_rooms_refused_total counter",
      'edge_rooms_refused_total{code="forbidden"} 12',
      'edge_rooms_refused_total{code="banned"} 0',
      'edge_rooms_connections_closed_total{code="1006"} 3',
      'edge_rooms_messages_total{event="a\\"b"} 7',
      "edge_rooms_connections 5",
    ].join("\n");
    expect(refusedInMetrics(text)).toEqual([
      { what: "Refused", reason: "forbidden", count: 12 },
      { what: "Connection closed", reason: "1006", count: 3 },
    ]);
  });

  it("[W77] are read from what one process has seen", () => {
    const seen = (kind: string) => [{ kind, count: 2, lastAt: 5 }];
    expect(refusedInHealth({ tokens: seen("expired"), connects: seen("forbidden") })).toEqual([
      { what: "Token", reason: "expired", count: 2, lastAt: 5 },
      { what: "Connection", reason: "forbidden", count: 2, lastAt: 5 },
    ]);
  });
});

describe("the address of what is shown", () => {
  it.each([
    { kind: "overview" },
    { kind: "room", name: "project:1.a_b-c" },
    { kind: "user", id: "نور/?#% é" },
  ] as const)("[W79] leads to it: %o", (place) => {
    const address = addressOf(place);
    expect(address).toMatch(/^#[!-~]+$/);
    expect(placeOf(address)).toEqual(place);
  });

  it.each(["", "#", "#/rooms/", "#/rooms/%", "#/other/x"])(
    "[W79] is the overview if it names nothing: %s",
    (hash) => {
      expect(placeOf(hash)).toEqual({ kind: "overview" });
    },
  );
});

describe("what is typed and shown", () => {
  it("[W83] names rooms and users with commas, blanks or lines between them, each once", () => {
    expect(namesIn(" a, b\nc,,a ")).toEqual(["a", "b", "c"]);
  });

  it("[W83] is JSON only for another event than chat, and else a text", () => {
    expect(dataOf("task.created", '{"id":7}')).toEqual({ id: 7 });
    expect(dataOf("task.created", "{not JSON")).toEqual({ text: "{not JSON" });
    expect(dataOf("chat", '{"id":7}')).toEqual({ text: '{"id":7}' });
  });

  it("[W79] of a message is its text, or its data as JSON, cut after 2,000 characters", () => {
    expect(textOf({ text: "Hello" })).toBe("Hello");
    expect(textOf({ id: 7 })).toBe('{"id":7}');
    expect(textOf(null)).toBe("null");
    expect(textOf({ text: "x".repeat(9_000) })).toHaveLength(2_001);
  });
});
