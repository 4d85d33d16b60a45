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

const FEW = 99;

/** As a badge has it. @param {number} count */
export const fewOf = (count) => (count > FEW ? `${FEW}+` : countOf(count));

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

/** @type {readonly (readonly [number, string])[]} */
const SPANS = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/**
 * How long something lasts, in the largest unit of which there are two, else as one of the largest that it fills;
 * rounded up, so that nobody is called back too early.
 *
 * @param {number} ms
 */
export function durationWords(ms) {
  const [size, unit] = SPANS.find(([span]) => ms >= span * 2) ?? [1_000, "second"];
  const count = Math.max(1, Math.ceil(ms / size));
  const whole = SPANS.find(([span]) => count * size === span)?.[1];
  return whole === undefined ? `${countOf(count)} ${unit}s` : `1 ${whole}`;
}

const BYTE_UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** @param {number} bytes */
export function sizeWords(bytes) {
  const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  const amount = bytes / 1_000 ** step;
  return `${number.format(amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount))} ${BYTE_UNITS[step]}`;
}

/**
 * "Ada, Bo and 3 others".
 *
 * @param {readonly string[]} names
 * @param {number} [most]
 */
export function listed(names, most = 3) {
  const spare = names.length - most;
  const shown = spare > 1 ? names.slice(0, most) : names;
  if (spare > 1) return `${shown.join(", ")} and ${countOf(spare)} others`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** @param {string} name */
export function initials(name) {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = picked.map((word) => [...graphemes.segment(word ?? "")][0]?.segment ?? "").join("");
  return letters.toLocaleUpperCase() || "?";
}
