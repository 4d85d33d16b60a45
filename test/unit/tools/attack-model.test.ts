import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readLimits } from "../../../src/config/limits-config.ts";
import { SettingsReader } from "../../../src/config/settings-reader.ts";
import { READING_SHARES } from "../../../src/http/client-address.ts";
import {
  BYTES_A_UNIT,
  CALL,
  CHANGE,
  FRAME,
  JOIN,
  LOST,
  MENTION,
  OPENING,
  ROW,
  TELLING,
} from "../../../src/object/spending.ts";
import { MAX_ANONYMOUS_FRAMES } from "../../../src/room/people/room-connection.ts";
import {
  ATTACK_LIMITS,
  attackByAddress,
  attackByUser,
  LEAST_PRICES,
} from "../../../src/tools/attack-model.ts";
import { attackReport } from "../../../src/tools/attack-report.ts";
import { INBOX_COUNTERS, ROOM_COUNTERS, WEBHOOK_COUNTERS } from "../../../src/tools/measured-counters.ts";
import { OBJECT_GB, PRICES } from "../../../src/tools/prices.ts";

describe("an attack", () => {
  it("[K17] by a user or a stolen token costs less than a dollar a day at the default limits, by an address less than three", () => {
    expect(attackByUser().usd).toBeLessThan(1);
    expect(attackByUser().usd).toBeCloseTo(0.97, 1);
    expect(attackByAddress().usd).toBeLessThan(3);
    expect(attackByAddress().usd).toBeGreaterThan(0.3);
    expect(attackByUser().storedGb).toBeLessThan(2);
    expect(attackByAddress()).toMatchObject({ rowsWritten: 0, storedGb: 0, objectsMade: 0 });
    expect(attackReport()).toContain("stolen token");
  });

  it("[K17] is limited by the defaults of the settings", () => {
    const defaults = readLimits(new SettingsReader({}));
    const {
      userBudget,
      messageBytes,
      anonymousFrames,
      callsAMinute,
      anonymousCallsAMinute,
      readingCallsAMinute,
    } = ATTACK_LIMITS;
    expect({ userBudget, messageBytes }).toEqual({
      userBudget: defaults.userBudget,
      messageBytes: defaults.messageBytes,
    });
    expect(anonymousFrames).toBe(MAX_ANONYMOUS_FRAMES);
    const limiter = /simple = \{ limit = (\d+), period = 60 \}/.exec(
      readFileSync(join(import.meta.dirname, "../../../wrangler.toml"), "utf8"),
    );
    expect(Number(limiter?.[1])).toBe(callsAMinute);
    expect(2 * anonymousCallsAMinute).toBe(callsAMinute);
    expect(readingCallsAMinute).toBe(READING_SHARES * callsAMinute);
  });

  it("[K17] is estimated no lower than prices and counters say", () => {
    const usd = (units: number) => units / 1e6;
    const row = PRICES.rowsWritten.usdPerUnit;
    const request = PRICES.objectRequests.usdPerUnit;
    expect(FRAME).toBeGreaterThanOrEqual(LEAST_PRICES.frame);
    expect(CALL).toBeGreaterThanOrEqual(LEAST_PRICES.call);
    const { message, change, firstOpening, storedBytesBesideData } = ROOM_COUNTERS;
    const storedUsd = (bytes: number) => (bytes / 1e9) * PRICES.storedGb.usdPerUnit;
    expect(usd(ROW + FRAME + 1 / 8)).toBeGreaterThanOrEqual(
      message.rowsWritten * row + storedUsd(storedBytesBesideData),
    );
    expect(usd(1)).toBeGreaterThanOrEqual(storedUsd(BYTES_A_UNIT));
    expect(usd(CHANGE)).toBeGreaterThanOrEqual(change.rowsWritten * row);
    const { notify, push, firstVisit } = INBOX_COUNTERS;
    expect(usd(MENTION)).toBeGreaterThanOrEqual(
      (notify.rowsWritten + push.rowsWritten) * row + (1 + push.requests) * request + storedUsd(1_024),
    );
    expect(usd(LOST)).toBeGreaterThanOrEqual(5 * OBJECT_GB * PRICES.objectGbSeconds.usdPerUnit * 0.99);
    expect(usd(JOIN)).toBeGreaterThanOrEqual(2 * row + 3 * request);
    const told = WEBHOOK_COUNTERS;
    expect(usd(TELLING.message)).toBeGreaterThanOrEqual(told.message.rowsWritten * row);
    expect(usd(TELLING.coming)).toBeGreaterThanOrEqual(told.coming.rowsWritten * row);
    expect(usd(TELLING.mention)).toBeGreaterThanOrEqual(
      told.notify.rowsWritten * row + told.notify.requests * request,
    );
    expect(usd(OPENING)).toBeGreaterThanOrEqual(
      (firstOpening.rowsWritten + firstVisit.rowsWritten) * row + 2 * request,
    );
  });
});
