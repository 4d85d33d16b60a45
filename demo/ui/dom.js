// @ts-check

/**
 * An element with attributes and children. Text is always a text node, so nothing that came from elsewhere is ever
 * read as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string>>} [attributes]
 * @param {readonly (Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} label
 * @param {() => void} onClick
 * @param {string} [look]
 */
export function button(label, onClick, look = "quiet") {
  const made = element("button", { type: "button", class: look }, [label]);
  made.addEventListener("click", onClick);
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawing beside words, or in their place: the words are told by whatever holds it. @param {string} path */
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
 * A button that is only a drawing.
 *
 * @param {string} label
 * @param {string} path
 * @param {() => void} onClick
 */
export function iconButton(label, path, onClick) {
  const made = element("button", { type: "button", class: "tool", "aria-label": label, title: label }, [
    icon(path),
  ]);
  made.addEventListener("click", onClick);
  return made;
}

/**
 * The element that the page's markup names so.
 *
 * @template {Element} Type
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => Type} type
 * @returns {Type}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`The markup lacks the part ${name}.`);
  return found;
}

/**
 * Live regions speak on every write, also of the same words.
 *
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
