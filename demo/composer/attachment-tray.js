// @ts-check
// What goes along with the message being written. The room stores addresses only: the files lie elsewhere.

import { httpsAddress, looksLikeImage, nameOfAddress } from "../messages/chat-data.js";
import { ask, field } from "../ui/dialogs.js";
import { element, icon, iconButton, part } from "../ui/dom.js";
import { CLOSE, FILE } from "../ui/icons.js";

/** @typedef {import("../edge-rooms.js").Attachment} Attachment */

const MOST = 10;
const MAX_ADDRESS = 2_048;
const MEASURE_WITHIN_MS = 4_000;
const NO_ADDRESS = "Please enter an address that begins with https://";

/**
 * @param {ParentNode} root
 * @param {() => void} onChange
 */
export function createAttachmentTray(root, onChange) {
  const tray = part(root, "tray", HTMLElement);
  /** @type {Attachment[]} */
  let held = [];

  /** @param {Attachment} attachment */
  function add(attachment) {
    if (held.length < MOST) held = [...held, attachment];
    show();
    if (looksLikeImage(attachment.url)) void measure(attachment);
  }

  /** So that no reader's page jumps when it loads. @param {Attachment} attachment */
  async function measure(attachment) {
    const size = await sizeOf(attachment.url);
    if (size) held = held.map((one) => (one === attachment ? { ...one, ...size } : one));
  }

  function show() {
    tray.hidden = held.length === 0;
    tray.replaceChildren(...held.map(renderOne));
  }

  /** @param {Attachment} attachment */
  function renderOne(attachment) {
    const { url, name = url } = attachment;
    const picture = looksLikeImage(url);
    const face = picture ? element("img", { alt: "", referrerpolicy: "no-referrer", src: url }) : icon(FILE);
    return element("li", { class: "attached" }, [
      face,
      element("span", { class: "file-name", dir: "auto", title: url }, [name]),
      iconButton(`Remove ${name}`, CLOSE, () => {
        held = held.filter((one) => one.url !== url);
        show();
        onChange();
      }),
    ]);
  }

  return {
    get isEmpty() {
      return held.length === 0;
    },
    get attachments() {
      return held;
    },
    /** @param {readonly Attachment[]} attachments */
    put(attachments) {
      held = attachments.slice(0, MOST);
      show();
    },

    async askForOne() {
      const limit = String(MAX_ADDRESS);
      const address = field("Address", {
        type: "url",
        dir: "ltr",
        inputmode: "url",
        placeholder: "https://",
        autocomplete: "off",
        maxlength: limit,
      });
      const name = field("Name (optional)", { dir: "auto", autocomplete: "off", maxlength: "200" });
      const isSafe = () => {
        const safe = httpsAddress(address.input.value.trim()) !== undefined;
        address.complain(safe ? "" : NO_ADDRESS);
        return safe;
      };
      const agreed = await ask({
        title: "Attach by address",
        words: "A picture or a file that lies on the web. The room keeps its address, not the file.",
        action: "Attach",
        fields: [address.box, name.box],
        onSubmit: isSafe,
      });
      const url = httpsAddress(address.input.value.trim());
      if (agreed && url !== undefined) add({ url, name: name.input.value.trim() || nameOfAddress(url) });
      onChange();
    },

    /**
     * A picture's address and nothing else is meant as the picture.
     *
     * @param {string} pasted
     */
    takesPasted(pasted) {
      const text = pasted.trim();
      const url = /\s/u.test(text) || text.length > MAX_ADDRESS ? undefined : httpsAddress(text);
      if (url === undefined || !looksLikeImage(url)) return false;
      add({ url, name: nameOfAddress(url) });
      return true;
    },

    /** All of it, as fields of the message, once. */
    take() {
      const attachments = held;
      held = [];
      show();
      if (attachments.length === 0) return {};
      const type = attachments.every(({ url }) => looksLikeImage(url)) ? "image" : "file";
      return { type, attachments };
    },
  };
}

/** @param {string} url @returns {Promise<{ width: number, height: number } | undefined>} */
function sizeOf(url) {
  const image = new Image();
  image.referrerPolicy = "no-referrer";
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), MEASURE_WITHIN_MS);
    image.addEventListener("error", () => resolve(undefined));
    image.addEventListener("load", () => resolve({ width: image.naturalWidth, height: image.naturalHeight }));
    image.src = url;
  });
}
