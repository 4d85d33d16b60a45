// Colors of users.

import { describe, expect, it } from "vitest";
import { colorOf } from "../../../demo/ui/avatar.js";

describe("the color of a user", () => {
  it.each(["user-", "u", "", "ada.", "00000000-0000-0000-0000-00000000000"])(
    "[W29] ten ids that follow one another have ten hues, after “%s” too",
    (prefix) => {
      const hues = Array.from({ length: 10 }, (_, at) => colorOf(`${prefix}${at}`).hue);
      expect(new Set(hues).size).toBe(10);
    },
  );

  it("[W29] all colors are used about equally often", () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 24_000; at++) {
      const color = Object.values(colorOf(`user-${at}`)).join(" ");
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(Math.min(...counts.values())).toBeGreaterThan(850);
    expect(Math.max(...counts.values())).toBeLessThan(1_150);
  });

  it("[W29] white initials have a contrast of at least 4.5", () => {
    for (let at = 0; at < 500; at++) {
      const { hue, tone } = colorOf(`user-${at}`);
      expect(1.05 / (luminance(tone, 0.11, hue) + 0.05)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** The relative luminance of an oklch color; what is outside of sRGB is clipped. */
function luminance(lightness: number, chroma: number, hue: number): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b) ** 3;
  const m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b) ** 3;
  const s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  const red = clip(4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s);
  const green = clip(-1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s);
  const blue = clip(-0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
