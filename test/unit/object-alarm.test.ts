import { describe, expect, it, vi } from "vitest";
import { type AlarmWork, ObjectAlarm } from "../../src/object/object-alarm.ts";

const NOW = 1_790_000_000_000;
const MINUTE_MS = 60_000;

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
  const faults: unknown[] = [];
  const goOff = (...works: AlarmWork[]) => alarm.goOff(works, (error) => faults.push(error));
  return { alarm, set, faults, goOff };
}

describe("the alarm of an object", () => {
  it("[K2] runs at the earliest of its deadlines, and is set only if it would run too late", async () => {
    const { alarm, set, goOff } = alarmForTest();
    for (const at of [50, 60, null, 50, 40, 45]) await alarm.by(at);
    expect(set).toEqual([50, 40]);
    await goOff();
    await alarm.by(null, null);
    await alarm.by(80, null, 70, 90);
    await alarm.by(75, 60);
    expect(set).toEqual([50, 40, 70, 60]);
  });

  it("[K2] knows after a start what was set before", async () => {
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

describe("a running alarm", () => {
  const fails = async () => {
    throw new Error("this failed");
  };

  it("[G16] never throws: what failed is tried again minutes later, and the rest is done", async () => {
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    const { set, faults, goOff } = alarmForTest();
    let done = 0;
    await goOff(
      fails,
      async () => {
        done++;
        return NOW + 3_600_000;
      },
      fails,
    );
    expect([done, faults.length, set.length]).toEqual([1, 2, 1]);
    expect(set[0]).toBeGreaterThanOrEqual(NOW + 7 * MINUTE_MS);
    expect(set[0]).toBeLessThanOrEqual(NOW + 23 * MINUTE_MS);
  });

  it("[G16] does not run in a loop, whatever its work returns", async () => {
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    for (const at of [0, NOW - 5, NOW, NOW + 999]) {
      const { set, goOff } = alarmForTest();
      await goOff(async () => at);
      expect(set).toEqual([NOW + 1_000]);
    }
  });

  it("[G16] repeats what failed, also if the alarm was set meanwhile", async () => {
    vi.spyOn(Date, "now").mockReturnValue(NOW);
    const { alarm, set, goOff } = alarmForTest();
    await goOff(async () => {
      await alarm.by(NOW + 86_400_000);
      throw new Error("this failed");
    });
    expect(set).toHaveLength(2);
    expect(set[1]).toBeLessThan(NOW + 86_400_000);
  });
});
