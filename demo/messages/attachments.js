// @ts-check
// Pictures and files of a message. Only what comes over https is loaded or linked; all else is no more than its name.

import { element, icon } from "../ui/dom.js";
import { sizeWords } from "../ui/format.js";
import { FILE } from "../ui/icons.js";

/** @typedef {import("./chat-data.js").Attached} Attached */

/** @param {readonly Attached[]} attachments */
export function renderAttachments(attachments) {
  if (attachments.length === 0) return [];
  return [element("div", { class: "attachments" }, attachments.map(renderAttachment))];
}

/** @param {Attached} attached */
function renderAttachment(attached) {
  const { name, url, image } = attached;
  if (url === undefined)
    return element("span", { class: "file blocked", title: "Not a secure address" }, fileWords(attached));
  return image ? renderImage(attached, url) : renderFile(attached, url, name);
}

/**
 * @param {Attached} attached
 * @param {string} url
 */
function renderImage(attached, url) {
  const { name, width, height } = attached;
  const sized = width !== undefined && height !== undefined;
  const image = element("img", {
    alt: name,
    loading: "lazy",
    decoding: "async",
    referrerpolicy: "no-referrer",
    ...(sized && { width: String(width), height: String(height) }),
  });
  // After the policy, so that not even the first request tells where it is shown.
  image.src = url;
  const link = opening(url, { class: sized ? "picture" : "picture unsized", title: name }, [image]);
  image.addEventListener("error", () => link.replaceWith(renderFile(attached, url, name)));
  return link;
}

/**
 * @param {Attached} attached
 * @param {string} url
 * @param {string} name
 */
const renderFile = (attached, url, name) =>
  opening(url, { class: "file", title: `${name} (${new URL(url).hostname})` }, fileWords(attached));

/** @param {Attached} attached */
const fileWords = ({ name, bytes }) => [
  icon(FILE),
  element("span", { class: "file-name", dir: "auto" }, [name]),
  ...(bytes === undefined ? [] : [element("span", { class: "file-size" }, [sizeWords(bytes)])]),
];

/**
 * @param {string} href
 * @param {Readonly<Record<string, string>>} attributes
 * @param {readonly Node[]} children
 */
const opening = (href, attributes, children) =>
  element(
    "a",
    { href, target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer", ...attributes },
    children,
  );
