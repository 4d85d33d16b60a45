import { describe, expect, it } from "vitest";
import { ObjectAlarm } from "../../src/realtime/object-alarm.ts";

function alarmForTest(stored: number | null = null) {
  const set: number[] = [];
  const alarm = new ObjectAlarm({
    getAlarm: async () => {
      return stored;
    },
    setAlarm: async (at) => {
      set.push(at);
    },
  });
  return { alarm, set };
}

describe("the alarm of an object", () => {
  it("[K2] goes off at the soonest of its deadlines, and is set only where it would be too late", async () => {
    const { alarm, set } = alarmForTest();
    for (const at of [50, 60, null, 50, 40, 45]) await alarm.by(at);
    expect(set).toEqual([50, 40]);
    alarm.wentOff();
    await alarm.by(null, null);
    await alarm.by(80, null, 70, 90);
    await alarm.by(75, 60);
    expect(set).toEqual([50, 40, 70, 60]);
  });

  it("[K2] knows after a start of what was set before", async () => {
    const { alarm, set } = alarmForTest(30);
    await Promise.all([40, 35, 20, 25].map((at) => alarm.by(at)));
    expect(set).toEqual([20]);
    await alarm.by(10);
    expect(set).toEqual([20, 10]);
  });

  it("is set in the same turn once it is known, together with what was just written", async () => {
    const { alarm, set } = alarmForTest(30);
    await alarm.known();
    void alarm.by(20);
    expect(set).toEqual([20]);
  });
});
