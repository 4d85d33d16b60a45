// Messages a second, from the total of all messages that was read again and again.

/** @typedef {{ at: number, messages: number }} Sample `at`: milliseconds since 1970 */
/** @typedef {{ at: number, rate: number }} Point */

export const SHOWN_MS = 300_000;
/** A room says how much it has stored once a minute, so a shorter time would show steps where there are none. */
export const MEAN_OF_MS = 60_000;
/** Between two polls that follow one another there is less, also after some errors. */
const GAP_MS = 75_000;

/**
 * The samples with one more, without those that no point of the chart needs. A total that is less than the last one is
 * that of another deployment, or of a registry that was emptied: it begins anew.
 *
 * @param {readonly Sample[]} samples
 * @param {Sample} next
 * @returns {Sample[]}
 */
export function withSample(samples, next) {
  const last = samples.at(-1);
  if (last === undefined || next.messages < last.messages) return [next];
  // Two answers may be from the same millisecond, or a clock may have been set back.
  if (next.at <= last.at) return [...samples];
  return [...samples.filter(({ at }) => at >= next.at - SHOWN_MS - MEAN_OF_MS), next];
}

/**
 * The mean of the minute before each sample; of less, where there are no samples yet.
 *
 * @param {readonly Sample[]} samples
 * @returns {Point[]}
 */
export function ratesOf(samples) {
  return samples.slice(1).map(({ at, messages }, index) => {
    const before = samples.slice(0, index + 1);
    const from = before.findLast((sample) => sample.at <= at - MEAN_OF_MS) ?? before[0];
    return { at, rate: from === undefined ? 0 : ((messages - from.messages) * 1_000) / (at - from.at) };
  });
}

/** The lowest of 1, 2, 5, 10, 20, … that is not below. @param {number} rate */
export function scaleFor(rate) {
  if (rate <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(rate));
  return ([1, 2, 5].find((step) => step * power >= rate) ?? 10) * power;
}

/**
 * A line as the path of an SVG, whose right end is `now`. Where the page was hidden the line has a gap.
 *
 * @param {readonly Point[]} points
 * @param {{ now: number, width: number, height: number, top: number }} chart `top`: the rate at its upper edge
 */
export function linePath(points, { now, width, height, top }) {
  const shown = points.filter(({ at }) => at >= now - SHOWN_MS && at <= now);
  return shown
    .map(({ at, rate }, index) => {
      const isStart = at - (shown[index - 1]?.at ?? Number.NEGATIVE_INFINITY) > GAP_MS;
      const x = width * (1 - (now - at) / SHOWN_MS);
      const y = height * (1 - Math.min(1, rate / top));
      return `${isStart ? "M" : "L"}${round(x)} ${round(y)}`;
    })
    .join("");
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
