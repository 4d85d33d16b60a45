// What a notification says, and where it leads.

import { mentionOf } from "../messages/mentions.js";
import { serverBadge } from "../ui/avatar.js";
import { button, element, iconButton, OPENS_MENU } from "../ui/dom.js";
import { fullTime, timeAgo } from "../ui/format.js";
import { ARCHIVE, MORE } from "../ui/icons.js";
import { anchor, isSafeLink } from "../ui/links.js";
import { openMenu } from "../ui/popup.js";

/** @import { Notification } from "../edge-rooms.js" */
/** @import { Place } from "../messages/mentions.js" */
/** @import { MenuItem } from "../ui/popup.js" */

const PRIORITIES = { low: "Low priority", high: "High priority", urgent: "Urgent" };

/** @param {Notification} notification */
export function textOf(notification) {
  const { title, message } = notification;
  const mention = mentionOf(notification);
  if (!mention)
    return [
      element("strong", { dir: "auto" }, title),
      ...(message ? [element("p", { dir: "auto" }, message)] : []),
    ];
  // Server code has no name.
  const who = title === "" ? serverBadge() : element("bdi", {}, title);
  return [
    element("strong", { class: "phrase" }, who, " mentioned you"),
    element("p", { class: "phrase" }, "In ", element("bdi", {}, mention.room)),
  ];
}

/**
 * The button or link that opens it, if it leads anywhere.
 *
 * @param {Notification} notification
 * @param {{ onOpen(): void, openMessage(place: Place): void }} page
 */
export function openerOf(notification, { onOpen, openMessage }) {
  const place = mentionOf(notification);
  if (place)
    return button("Open", () => {
      onOpen();
      openMessage(place);
    });
  const { link } = notification;
  if (link === undefined || !isSafeLink(link)) return undefined;
  const open = anchor(link, "Open");
  open.addEventListener("click", onOpen);
  return open;
}

/**
 * As the panel lists it.
 *
 * @param {Notification} notification
 * @param {{
 *   isFresh: boolean, muting(topic: string): MenuItem, openMessage(place: Place): void,
 *   onOpen(): void, onRead(): void, onArchive(): void,
 * }} page
 */
export function renderNotification(notification, page) {
  const { priority, topic, at, state, muted } = notification;
  const isUnread = state !== "read" && !muted;
  const classes = [isUnread && "unread", isUnread && page.isFresh && "fresh", muted && "muted"];
  const actions = element(
    "span",
    { class: "acts" },
    openerOf(notification, page),
    isUnread && button("Mark as read", page.onRead),
    iconButton("Archive", ARCHIVE, page.onArchive),
    topic !== undefined && moreButton(topic, page.muting),
  );
  const foot = element(
    "div",
    { class: "foot" },
    element("time", { datetime: new Date(at).toISOString(), title: fullTime(at) }, timeAgo(at)),
    priority !== "medium" && element("span", { class: "priority" }, PRIORITIES[priority]),
    muted && element("span", { class: "priority" }, "Muted"),
    actions,
  );
  const attributes = { class: classes.filter(Boolean).join(" "), "data-priority": priority };
  return element("li", attributes, textOf(notification), foot);
}

/** @param {string} topic @param {(topic: string) => MenuItem} muting */
function moreButton(topic, muting) {
  const open = () => openMenu(more, `Topic ${topic}`, [muting(topic)]);
  const more = iconButton("More actions", MORE, open, OPENS_MENU);
  return more;
}
