// @ts-check
// What a notification says, and where it leads.

import { mentionOf } from "../messages/mentions.js";
import { button, element, iconButton } from "../ui/dom.js";
import { fullTime, timeAgo } from "../ui/format.js";
import { ARCHIVE, MORE } from "../ui/icons.js";
import { anchor, isSafeLink } from "../ui/links.js";
import { openMenu } from "../ui/popup.js";
import { serverBadge } from "../ui/server-badge.js";

/** @typedef {import("../edge-rooms.js").Notification} Notification */
/** @typedef {import("../messages/mentions.js").Place} Place */

/** @param {Pick<Notification, "title" | "message" | "topic" | "data">} notification */
export function wordsOf(notification) {
  const { title, message } = notification;
  const mention = mentionOf(notification);
  const lines = mention
    ? [
        // Server code has no name.
        element("strong", { class: "phrase" }, [
          title === "" ? serverBadge() : element("bdi", {}, [title]),
          " mentioned you",
        ]),
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

/**
 * As the panel lists it.
 *
 * @param {Notification} notification
 * @param {{
 *   isFresh: boolean, muting(topic: string): import("../ui/popup.js").MenuItem, openMessage(place: Place): void,
 *   onOpen(): void, onRead(): void, onArchive(): void,
 * }} page
 */
export function renderNotification(notification, page) {
  const { priority, topic, at, state, muted } = notification;
  const isUnread = state !== "read" && !muted;
  const classes = [isUnread && "unread", isUnread && page.isFresh && "fresh", muted && "muted"];
  const foot = element("div", { class: "foot" }, [
    element("time", { datetime: new Date(at).toISOString(), title: fullTime(at) }, [timeAgo(at)]),
    ...(priority === "medium" ? [] : [element("span", { class: "priority" }, [priority])]),
    ...(muted ? [element("span", { class: "priority" }, ["muted"])] : []),
    element("span", { class: "acts" }, [
      ...openerOf(notification, page),
      ...(isUnread ? [button("Mark read", page.onRead)] : []),
      iconButton("Archive", ARCHIVE, page.onArchive),
      ...(topic === undefined ? [] : [moreButton(topic, page.muting)]),
    ]),
  ]);
  return element("li", { class: classes.filter(Boolean).join(" "), "data-priority": priority }, [
    ...wordsOf(notification),
    foot,
  ]);
}

/**
 * @param {string} topic
 * @param {(topic: string) => import("../ui/popup.js").MenuItem} muting
 */
function moreButton(topic, muting) {
  const made = iconButton("More", MORE, () => openMenu(made, `Topic ${topic}`, [muting(topic)]));
  made.setAttribute("aria-haspopup", "menu");
  made.setAttribute("aria-expanded", "false");
  return made;
}
