// Keys in a text field, and arrow keys among buttons.

const IN_COMPOSITION = 229;

/**
 * While an input method composes, Enter accepts its suggestion. Safari ends the composition before it fires the key
 * event; only the old `keyCode` still says so.
 *
 * @param {KeyboardEvent} event
 */
const isComposing = (event) => event.isComposing || event.keyCode === IN_COMPOSITION;

/** Enter that neither starts a new line nor ends a composition. @param {KeyboardEvent} event */
export const isEnter = (event) => event.key === "Enter" && !event.shiftKey && !isComposing(event);

/** Makes a field as high as its text. @param {HTMLTextAreaElement} text */
export function growToText(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

/**
 * Moves the focus among the buttons of a group: the whole group is one stop of the Tab key.
 *
 * @param {HTMLElement} group
 * @param {{ columns?: number }} [shape]
 */
export function moveWithArrows(group, { columns = 1 } = {}) {
  const buttons = () => [...group.querySelectorAll("button")];

  /** @param {number} index */
  function focusAt(index) {
    const all = buttons();
    const next = all[Math.min(Math.max(index, 0), all.length - 1)];
    for (const one of all) one.tabIndex = one === next ? 0 : -1;
    next?.focus();
  }

  group.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.findIndex((one) => one.matches(":focus"));
    const sideways = getComputedStyle(group).direction === "rtl" ? -1 : 1;
    const next = {
      ArrowDown: at + columns,
      ArrowUp: at - columns,
      ArrowRight: at + sideways,
      ArrowLeft: at - sideways,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    focusAt(next);
  });

  return { focusAt };
}
