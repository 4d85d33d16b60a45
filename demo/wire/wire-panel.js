// What happens on the wire, and buttons that disturb it: recovery can be watched while it works.

import { element, part, setText } from "../ui/dom.js";
import { countOf, timeWithSeconds } from "../ui/format.js";

/** @import { Entry, Line } from "./line.js" */

/** @satisfies {Record<Entry["way"], [string, string]>} */
const WAYS = { out: ["↑", "Sent"], in: ["↓", "Received"], line: ["•", "Connection"] };

/**
 * @param {ParentNode} root
 * @param {Line} line
 * @param {{ canExpire: boolean, onOpen(): void }} page
 */
export function createWirePanel(root, line, { canExpire, onOpen }) {
  const opener = part(root, "wire", HTMLButtonElement);
  const panel = part(root, "wire-panel");
  const state = part(panel, "wire-state");
  const list = part(panel, "frames");
  const expire = part(panel, "expire", HTMLButtonElement);
  // In every browser the keyboard can scroll it then.
  list.tabIndex = 0;
  let isAsked = false;
  /** The last one that is shown. @type {Entry | undefined} */
  let newest;

  function render() {
    isAsked = false;
    const { entries, connections, roundTripMs } = line;
    const trip = roundTripMs === undefined ? "" : ` · round trip ${countOf(Math.round(roundTripMs))} ms`;
    setText(state, connections === 0 ? "Not connected" : `Connected${trip}`);
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    // Only what is new: text that the user selects stays selected.
    list.append(...entries.slice(newest === undefined ? 0 : entries.indexOf(newest) + 1).map(renderEntry));
    while (list.children.length > entries.length) list.firstElementChild?.remove();
    newest = entries.at(-1);
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  const stop = line.follow(() => {
    if (panel.hidden || isAsked) return;
    isAsked = true;
    requestAnimationFrame(render);
  });

  /** @param {boolean} isOpen */
  function show(isOpen) {
    panel.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      onOpen();
      return render();
    }
    // On a narrow page the button is in the closed drawer; on a wide one there is no button that opens it.
    for (const button of [part(root, "menu"), opener]) button.focus();
  }

  expire.hidden = !canExpire;
  opener.addEventListener("click", () => show(opener.getAttribute("aria-expanded") !== "true"));
  part(panel, "close-wire").addEventListener("click", () => show(false));
  part(panel, "cut").addEventListener("click", line.cut);
  part(panel, "lose").addEventListener("click", line.lose);
  expire.addEventListener("click", line.expireToken);
  panel.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") show(false);
  });

  return { stop };
}

/** @param {Entry} entry */
function renderEntry({ at, way, text, lost }) {
  const [sign, word] = WAYS[way];
  return element(
    "li",
    { class: lost ? "frame lost" : "frame", "data-way": way },
    element("time", {}, timeWithSeconds(at)),
    element("span", { "aria-hidden": true }, sign),
    element("span", { class: "visually-hidden" }, lost ? `${word}, lost: ` : `${word}: `),
    element("code", { dir: "ltr" }, text),
  );
}
