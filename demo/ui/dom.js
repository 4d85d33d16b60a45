// Makes and finds elements.

/** Left out if `undefined`, `null`, `false` or "". @typedef {Node | string | undefined | null | false} Child */

/**
 * An element with attributes and children. Text is always a text node, so nothing from outside is ever parsed as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number | boolean | undefined>>} [attributes]
 * @param {readonly (Child | readonly Child[])[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, String(value));
  for (const child of children.flat()) if (child) made.append(child);
  return made;
}

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {string} [look]
 */
export function button(label, onClick, look = "quiet") {
  const made = element("button", { type: "button", class: look }, label);
  made.addEventListener("click", onClick);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawing that screen readers skip: the element around it needs a label. @param {string} path */
export function icon(path) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

/**
 * @param {string} label
 * @param {string} path
 * @param {() => void} onClick
 * @param {Readonly<Record<string, string>>} [attributes]
 */
export function iconButton(label, path, onClick, attributes = {}) {
  const all = { type: "button", class: "tool", "aria-label": label, title: label, ...attributes };
  const made = element("button", all, icon(path));
  made.addEventListener("click", onClick);
  return made;
}

/** For a button that opens a menu. */
export const OPENS_MENU = { "aria-haspopup": "menu", "aria-expanded": "false" };

/**
 * The element with this `data-part` in the markup of the page.
 *
 * @template {Element} [Type=HTMLElement]
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => Type} [type]
 * @returns {Type}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof (type ?? HTMLElement))) throw new Error(`The markup lacks the part ${name}.`);
  return /** @type {Type} */ (found);
}

/** A copy of what the template with this `data-part` holds. @param {string} name */
export function copyOf(name) {
  const [copy] = document.importNode(part(document, name, HTMLTemplateElement).content, true).children;
  if (!(copy instanceof HTMLElement)) throw new Error(`The template ${name} is empty.`);
  return copy;
}

/**
 * Writes only a change: screen readers announce every write to a live region, also of the same text.
 *
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Shows what is wrong, and at which field; with an empty text hides it.
 *
 * @param {HTMLElement} target
 * @param {string} text
 * @param {HTMLElement} [field]
 */
export function showProblem(target, text, field) {
  setText(target, text);
  target.hidden = text === "";
  field?.setAttribute("aria-invalid", String(text !== ""));
}
