// The attachments of the message that is being written. A room stores their addresses only: the files are elsewhere.

import { httpsAddress, looksLikeImage, nameOfAddress } from "../messages/message-content.js";
import { ask, field } from "../ui/dialogs.js";
import { element, icon, iconButton, part } from "../ui/dom.js";
import { CLOSE, FILE } from "../ui/icons.js";

/** @import { Attachment, ChatData } from "../edge-rooms.js" */

const MAX_ATTACHMENTS = 10;
const MAX_ADDRESS = 2_048;
const MEASURE_WITHIN_MS = 4_000;
const ADDRESS_FIELD = { type: "url", dir: "ltr", inputmode: "url", placeholder: "https://" };

/** @param {ParentNode} root @param {() => void} onChange */
export function createAttachmentTray(root, onChange) {
  const tray = part(root, "tray");
  /** @type {readonly Attachment[]} */
  let held = [];

  /** @param {readonly Attachment[]} attachments */
  function put(attachments) {
    held = attachments.slice(0, MAX_ATTACHMENTS);
    tray.hidden = held.length === 0;
    tray.replaceChildren(...held.map(renderOne));
  }

  /** @param {Attachment} attachment */
  function add(attachment) {
    put([...held, attachment]);
    if (looksLikeImage(attachment.url)) void measure(attachment);
  }

  /** With its size known, an image that loads does not move the page of a reader. @param {Attachment} attachment */
  async function measure(attachment) {
    const size = await sizeOf(attachment.url);
    if (size) held = held.map((one) => (one === attachment ? { ...one, ...size } : one));
  }

  /** @param {Attachment} attachment */
  function renderOne({ url, name = url }) {
    const isImage = looksLikeImage(url);
    const remove = () => {
      put(held.filter((one) => one.url !== url));
      onChange();
    };
    return element(
      "li",
      { class: "attached" },
      isImage ? element("img", { alt: "", referrerpolicy: "no-referrer", src: url }) : icon(FILE),
      element("span", { class: "file-name", dir: "auto", title: url }, name),
      iconButton(`Remove ${name}`, CLOSE, remove),
    );
  }

  return {
    get attachments() {
      return held;
    },
    put,

    async askForOne() {
      const address = field("Address", { ...ADDRESS_FIELD, maxlength: String(MAX_ADDRESS) });
      const name = field("Name (optional)", { dir: "auto", maxlength: "200" });
      const url = () => httpsAddress(address.input.value.trim());
      const agreed = await ask({
        title: "Attach a link",
        text: "Share a picture or a file that is on the web. Only its address is sent, not the file itself.",
        action: "Attach",
        fields: [address.box, name.box],
        isValid() {
          const isSafe = url() !== undefined;
          address.complain(isSafe ? "" : "Enter an address that starts with https://");
          return isSafe;
        },
      });
      const safe = url();
      if (agreed && safe !== undefined)
        add({ url: safe, name: name.input.value.trim() || nameOfAddress(safe) });
      onChange();
    },

    /** Attaches the picture, if only the address of one was pasted; answers whether. @param {string} pasted */
    takesPasted(pasted) {
      const text = pasted.trim();
      const url = /\s/u.test(text) || text.length > MAX_ADDRESS ? undefined : httpsAddress(text);
      if (url === undefined || !looksLikeImage(url)) return false;
      add({ url, name: nameOfAddress(url) });
      return true;
    },

    /**
     * Empties the tray and returns what was in it as fields of a message.
     *
     * @returns {Pick<ChatData, "type" | "attachments">}
     */
    take() {
      const attachments = held;
      put([]);
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
    /** @param {{ width: number, height: number } | undefined} size */
    const end = (size) => {
      clearTimeout(timer);
      resolve(size);
    };
    const timer = setTimeout(() => end(undefined), MEASURE_WITHIN_MS);
    image.addEventListener("error", () => end(undefined));
    image.addEventListener("load", () => end({ width: image.naturalWidth, height: image.naturalHeight }));
    image.src = url;
  });
}
