// What the page says of errors.

import { afterEach, describe, expect, it, vi } from "vitest";
import { RoomsError, type RoomsErrorCode } from "../../../client/index.ts";
import { errorText, failureText, outageText, refusalText } from "../../../demo/session/error-text.js";
import { ERRORS, isErrorCode } from "../../../src/protocol/index.ts";

const CODES: readonly RoomsErrorCode[] = [
  ...Object.keys(ERRORS).filter(isErrorCode),
  ...(["offline", "closed", "dropped", "user_changed"] as const),
];
const SENTENCES = /^(?:[A-Z][^.]+\.)(?: [A-Z][^.]+\.)*$/u;

afterEach(() => vi.unstubAllGlobals());

describe.each([
  ["an action that failed", errorText],
  ["a message that was not sent", failureText],
  ["a user who is not let in", refusalText],
  ["a lost connection", (error: RoomsError) => outageText({ status: "disconnected", error }, true)],
])("the words for %s", (_, textOf) => {
  it.each(CODES)("[W50] are whole sentences of the page, and no message of the code: %s", (code) => {
    vi.stubGlobal("navigator", { onLine: true });
    for (const details of [{}, { retryAfterMs: 90_000 }, { path: ["emoji"] }]) {
      const text = textOf(new RoomsError(code, "the raw message", details));
      expect(text).toMatch(SENTENCES);
      expect(text).not.toContain("raw");
      expect(text).not.toContain("undefined");
      expect(text).not.toContain("_");
    }
  });
});

describe("the words for a reaction that is refused", () => {
  it("[W50] speak of the reaction", () => {
    const error = new RoomsError("too_large", "", { path: ["emoji"] });
    expect(errorText(error)).toBe("You cannot add another reaction to this message.");
  });
});

describe("the words for an answer that streams", () => {
  it.each([
    ["not_open", "This answer has already ended."],
    ["still_open", "This answer is still being written."],
    ["taken_over", "This answer could not be written to its end."],
  ] as const)("[W50] say what is with it: %s", (code, text) => {
    expect(errorText(new RoomsError(code))).toBe(text);
  });
});

describe("the words for a user who is not connected", () => {
  const full = { status: "disconnected", error: new RoomsError("room_full") } as const;

  it("[W51] say that the room is full, or that this device is offline", () => {
    vi.stubGlobal("navigator", { onLine: true });
    expect(outageText(full, false)).toBe("This room is full.");
    vi.stubGlobal("navigator", { onLine: false });
    expect(outageText(full, false)).toBe("You are offline.");
  });

  it("[W51] do not say that a connection was lost that there never was", () => {
    vi.stubGlobal("navigator", { onLine: true });
    const lost = { status: "disconnected", error: new RoomsError("offline") } as const;
    expect(outageText(lost, false)).toBe("The server cannot be reached.");
    expect(outageText(lost, true)).toBe("The connection was lost.");
  });
});
