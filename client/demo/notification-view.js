// @ts-check
// What a notification says, and where it leads.

import { button, element } from "./dom.js";
import { anchor, isSafeLink } from "./links.js";
import { mentionOf } from "./mentions.js";

/** @typedef {import("./edge-rooms.js").Notification} Notification */
/** @typedef {import("./mentions.js").Place} Place */

/** @param {Pick<Notification, "title" | "message" | "topic" | "data">} notification */
export function wordsOf(notification) {
  const { title, message } = notification;
  const mention = mentionOf(notification);
  const lines = mention
    ? [
        element("strong", { class: "phrase" }, [element("bdi", {}, [title]), " mentioned you"]),
        element("p", { class: "phrase" }, ["In ", element("bdi", {}, [mention.room])]),
      ]
    : [
        element("strong", { dir: "auto" }, [title]),
        ...(message ? [element("p", { dir: "auto" }, [message])] : []),
      ];
  return lines;
}

/**
 * What opens it, if it leads anywhere.
 *
 * @param {Notification} notification
 * @param {{ onOpen(): void, openMessage(place: Place): void }} page
 */
export function openerOf(notification, { onOpen, openMessage }) {
  const place = mentionOf(notification);
  if (place) {
    const open = () => {
      onOpen();
      openMessage(place);
    };
    return [button("Open", open)];
  }
  const { link } = notification;
  if (link === undefined || !isSafeLink(link)) return [];
  const open = anchor(link, "Open");
  open.addEventListener("click", onOpen);
  return [open];
}
