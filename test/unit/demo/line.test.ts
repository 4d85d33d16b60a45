// What the panel of the wire shows of a frame.

import { describe, expect, it } from "vitest";
import { shownFrame } from "../../../demo/wire/line.js";

describe("a frame that is shown", () => {
  it("[W38] has no token", () => {
    const shown = shownFrame('{"type":"auth","id":"1","token":"eyJ.secret"}{"token":"two"}');
    expect(shown).toBe('{"type":"auth","id":"1","token":"…"}{"token":"…"}');
  });

  it("[W38] is at most 401 characters long", () => {
    expect(shownFrame("x".repeat(100_000))).toHaveLength(401);
  });
});
