// @ts-check
// Words for people, in the reader's own locale.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const number = new Intl.NumberFormat();
const graphemes = new Intl.Segmenter();

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** @param {number} at */
export const timeOfDay = (at) => clock.format(at);

/** @param {number} at */
export const fullTime = (at) => full.format(at);

/** @param {number} count */
export const countOf = (count) => number.format(count);

/**
 * The reader's day, as a key that sorts.
 *
 * @param {number} at
 */
export function dayKey(at) {
  const date = new Date(at);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((field) => String(field).padStart(2, "0"))
    .join("-");
}

/**
 * @param {number} at
 * @param {number} [now]
 */
export function dayName(at, now = Date.now()) {
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(at) === dayKey(now)) return "Today";
  if (dayKey(at) === dayKey(yesterday.getTime())) return "Yesterday";
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayOfYear : dayAndYear).format(at);
}

/**
 * @param {number} at
 * @param {number} [now]
 */
export function timeAgo(at, now = Date.now()) {
  const since = at - now;
  for (const [unit, size] of UNITS) {
    if (Math.abs(since) >= size) return relative.format(Math.trunc(since / size), unit);
  }
  return "just now";
}

/** @param {string} name */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = picked.map((word) => [...graphemes.segment(word ?? "")][0]?.segment ?? "").join("");
  return letters.toLocaleUpperCase() || "?";
}
