// @ts-check
// What the keys mean in a field for text.

const IN_COMPOSITION = 229;

/**
 * While an input method composes, Enter takes its suggestion. Safari ends the composition before it tells of the key,
 * and has only the old code left to say so.
 *
 * @param {KeyboardEvent} event
 */
const isComposing = (event) => event.isComposing || event.keyCode === IN_COMPOSITION;

/**
 * Enter, but not one that starts a new line or ends a composition.
 *
 * @param {KeyboardEvent} event
 */
export const isEnter = (event) => event.key === "Enter" && !event.shiftKey && !isComposing(event);

/** As high as its text. @param {HTMLTextAreaElement} text */
export function grow(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}
