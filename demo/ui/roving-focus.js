// @ts-check
// Arrow keys among buttons: the whole group is one stop of the Tab key.

/**
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
    const at = /** @type {readonly (Element | null)[]} */ (all).indexOf(document.activeElement);
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
