// The chart of messages a second.

import { element } from "../ui/dom.js";
import { countOf } from "../ui/format.js";
import { linePath, ratesOf, SHOWN_MS, scaleFor, withSample } from "./rates.js";

/** @import { Sample } from "./rates.js" */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 120;

/** @param {number} rate */
const rateText = (rate) => countOf(rate < 10 ? Math.round(rate * 100) / 100 : Math.round(rate));

export function createChart() {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("class", "line");
  const area = document.createElementNS(SVG, "path");
  area.setAttribute("class", "area");
  const drawing = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
  }))
    drawing.setAttribute(name, value);
  drawing.append(area, line);

  const now = element("strong", { class: "amount" }, "–");
  const scale = element("span", { class: "scale", "aria-hidden": true });
  const note = element("p", { class: "hint" });
  const minutes = element(
    "p",
    { class: "hint axis", "aria-hidden": true },
    element("span", {}, `${SHOWN_MS / 60_000} minutes ago`),
    element("span", {}, "now"),
  );
  /** @type {Sample[]} */
  let samples = [];

  function draw() {
    const last = samples.at(-1);
    const points = ratesOf(samples);
    const shown = points.filter(({ at }) => at >= (last?.at ?? 0) - SHOWN_MS);
    const highest = Math.max(0, ...shown.map(({ rate }) => rate));
    const top = scaleFor(highest);
    const path = linePath(points, { now: last?.at ?? 0, width: WIDTH, height: HEIGHT, top });
    line.setAttribute("d", path);
    area.setAttribute("d", areaBelow(path));
    const current = points.at(-1);
    now.textContent = current === undefined ? "–" : rateText(current.rate);
    scale.textContent = current === undefined ? "" : rateText(top);
    note.textContent =
      current === undefined ? "It is computed from the second answer on." : "The mean of the last minute.";
    drawing.setAttribute(
      "aria-label",
      current === undefined
        ? "Messages a second: not known yet."
        : `Messages a second in the last 5 minutes: now ${rateText(current.rate)}, at most ${rateText(highest)}.`,
    );
  }
  draw();

  return {
    root: element(
      "section",
      { class: "sheet rate", "aria-label": "Messages a second" },
      element("h2", {}, "Messages a second"),
      now,
      note,
      element("div", { class: "chart" }, scale, drawing),
      minutes,
    ),
    /** @param {Sample} sample */
    add(sample) {
      samples = withSample(samples, sample);
      draw();
    },
  };
}

/** Closes each piece of a line at the lower edge. @param {string} path */
const areaBelow = (path) =>
  path
    .split(/(?=M)/)
    .map((piece) => {
      const [from, to] = [/^M(\S+)/.exec(piece)?.[1], /([\d.]+) [\d.]+$/.exec(piece)?.[1]];
      return from === undefined || to === undefined ? "" : `${piece}L${to} ${HEIGHT}L${from} ${HEIGHT}Z`;
    })
    .join("");
