// Quiet hours: hours of the day, in the time zone of the user.

import type { QuietHours } from "../../protocol/index.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Minutes by which clocks may be put forward or back that night. */
const SHIFTS = [-120, -60, -30, 0, 30, 60, 120];

/** When the present quiet hours end, in milliseconds; `null`: `now` is not in quiet hours. */
export function quietUntil(hours: QuietHours | null, now: number): number | null {
  if (hours === null) return null;
  const clock = clockIn(hours.timeZone);
  const from = minutesOf(hours.from);
  const to = minutesOf(hours.to);
  const isQuiet = (at: number) => {
    const minutes = minutesOf(clock.format(at));
    return from < to ? minutes >= from && minutes < to : minutes >= from || minutes < to;
  };
  if (!isQuiet(now)) return null;
  const startOfMinute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const minutesLeft = (to - minutesOf(clock.format(now)) + DAY_MINUTES) % DAY_MINUTES;
  const ends = SHIFTS.map((shift) => startOfMinute + (minutesLeft + shift) * MINUTE_MS);
  return ends.find((at) => at > now && !isQuiet(at)) ?? ends.at(-1) ?? now;
}

const clockIn = (timeZone: string) =>
  new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}
