// Dates, durations and counts as text: numbers in the reader's locale, words in English as on the whole page.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const number = new Intl.NumberFormat();
const list = new Intl.ListFormat("en-GB");
/** Swedish dates are ISO dates: 2026-11-29. */
const isoDay = new Intl.DateTimeFormat("sv");
const isoMinute = new Intl.DateTimeFormat("sv", { hour: "2-digit", minute: "2-digit" });
const graphemes = new Intl.Segmenter();

/** @type {readonly (readonly [number, "day" | "hour" | "minute" | "second"])[]} */
const UNITS = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];
const BYTE_UNITS = ["bytes", "KB", "MB", "GB", "TB"];
const MOST_ON_BADGE = 99;

/** @param {number} at */
export const timeOfDay = (at) => clock.format(at);

/** @param {number} at */
export const timeWithSeconds = (at) => clockWithSeconds.format(at);

/** @param {number} at */
export const fullTime = (at) => full.format(at);

/** @param {number} count */
export const countOf = (count) => number.format(count);

/** @param {number} count */
export const badgeCount = (count) => (count > MOST_ON_BADGE ? `${MOST_ON_BADGE}+` : countOf(count));

/** The day in the reader's time zone, such as `2026-11-29`. @param {number} at */
export const dayKey = (at) => isoDay.format(at);

/** @param {number} at */
export function dayName(at) {
  const now = new Date();
  if (dayKey(at) === dayKey(now.getTime())) return "Today";
  const sameYear = new Date(at).getFullYear() === now.getFullYear();
  if (dayKey(at) === dayKey(now.setDate(now.getDate() - 1))) return "Yesterday";
  return (sameYear ? dayOfYear : dayAndYear).format(at);
}

/** @param {number} at */
export function timeAgo(at) {
  const since = at - Date.now();
  const [size, unit] = UNITS.find(([size]) => Math.abs(since) >= size) ?? [1, "second"];
  return unit === "second" ? "just now" : relative.format(Math.trunc(since / size), unit);
}

/**
 * Such as "90 seconds", "2 minutes", "1 hour": in the largest unit of which there are two, or as exactly one of a unit.
 * Rounded up, so that the user does not come back too early.
 *
 * @param {number} ms
 */
export function durationText(ms) {
  const [size, unit] = UNITS.find(([span]) => ms >= span * 2) ?? [1_000, "second"];
  const count = Math.max(1, Math.ceil(ms / size));
  const whole = UNITS.find(([span]) => count * size === span)?.[1];
  return whole === undefined ? `${countOf(count)} ${unit}s` : `1 ${whole}`;
}

/** Such as "every 90 seconds", "every minute". @param {number} ms */
export const everyText = (ms) => `every ${durationText(ms).replace(/^1 /u, "")}`;

/** Such as "59 s", "12 min", "3 h", "6 d": rounded up, for what changes while it is looked at. @param {number} ms */
export function shortDuration(ms) {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${countOf(seconds)} s`;
  if (seconds <= 3_600) return `${countOf(Math.ceil(seconds / 60))} min`;
  return seconds <= 86_400
    ? `${countOf(Math.ceil(seconds / 3_600))} h`
    : `${countOf(Math.ceil(seconds / 86_400))} d`;
}

/** As a field for date and time takes it, in the reader's time zone. @param {number} at */
export const localInput = (at) => `${isoDay.format(at)}T${isoMinute.format(at)}`;

/** @param {number} bytes */
export function sizeText(bytes) {
  const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  const amount = bytes / 1_000 ** step;
  return `${countOf(amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount))} ${BYTE_UNITS[step]}`;
}

/** "Ada, Bo and 3 others". @param {readonly string[]} names @param {number} most how many are named */
export function listed(names, most) {
  const spare = names.length - most;
  return list.format(spare > 1 ? [...names.slice(0, most), `${countOf(spare)} others`] : names);
}

/** @param {string} name */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = picked.map((word) => [...graphemes.segment(word ?? "")][0]?.segment ?? "").join("");
  return letters.toLocaleUpperCase() || "?";
}
