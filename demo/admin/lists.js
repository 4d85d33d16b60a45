// The rooms and the users that there are: by the beginning of their name, in pages.

import { button, element, icon, setText } from "../ui/dom.js";
import { countOf, durationText } from "../ui/format.js";
import { addressOf } from "./place.js";
import { counted, refusalText } from "./words.js";

/** @import { ListedRoom, ListedUser } from "../../src/protocol/index.ts" */
/** @import { Api, ListQuery } from "./api.js" */

const SEARCH = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20";

/** @typedef {{ name: string, details: string, href: string }} Entry */
/**
 * @typedef {{
 *   title: string, noun: string, active: string, none: string,
 *   load(query: ListQuery): Promise<{ entries: Entry[], next?: string | undefined, unconfirmed: number }>,
 * }} ListKind
 */

/** @param {Api} api @returns {ListKind} */
export const roomsOf = (api) => ({
  title: "Rooms",
  noun: "room",
  active: "Occupied only",
  none: "No rooms yet. A room is listed from its first connection or message on.",
  async load(query) {
    const { rooms, ...rest } = await api.rooms(query);
    return { ...rest, entries: rooms.map(entryOfRoom) };
  },
});

/** @param {Api} api @returns {ListKind} */
export const usersOf = (api) => ({
  title: "Users",
  noun: "user",
  active: "Online only",
  none: "No users yet. A user is listed from the first session, room or notification on.",
  async load(query) {
    const { users, ...rest } = await api.users(query);
    return { ...rest, entries: users.map(entryOfUser) };
  },
});

/** @param {number} at */
const timeSince = (at) => durationText(Date.now() - at);

/** @param {ListedRoom} room @returns {Entry} */
const entryOfRoom = ({ room, members, connections, messages, since }) => ({
  name: room,
  href: addressOf({ kind: "room", name: room }),
  details:
    connections > 0
      ? `${members === 1 ? "1 person" : `${countOf(members)} people`} · ${counted(connections, "connection")} · ${counted(messages, "message")}`
      : `Empty for ${timeSince(since)} · ${counted(messages, "message")}`,
});

/** @param {ListedUser} user @returns {Entry} */
const entryOfUser = ({ user, sessions, notifications, since }) => ({
  name: user,
  href: addressOf({ kind: "user", id: user }),
  details: `${sessions > 0 ? `Online · ${counted(sessions, "session")}` : `No session for ${timeSince(since)}`} · ${counted(notifications, "notification")}`,
});

/** @param {ListKind} kind */
export function createList({ title, noun, active, none, load }) {
  const prefix = element("input", {
    type: "search",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    dir: "auto",
    enterkeyhint: "search",
    placeholder: "Begins with…",
    "aria-label": `${title} whose name begins with`,
  });
  const onlyActive = element("input", { type: "checkbox" });
  const search = element(
    "button",
    { class: "tool", "aria-label": `Search ${noun}s`, title: "Search" },
    icon(SEARCH),
  );
  const form = element(
    "form",
    { class: "search", role: "search", "aria-label": title },
    element("div", {}, prefix, search),
    element("label", { class: "only" }, onlyActive, active),
  );
  const items = element("ul", { class: "entries" });
  const note = element("p", { class: "hint", role: "status" });
  const more = button("Show more", () => void showMore(), "plain small");
  more.hidden = true;

  /** @type {string | undefined} */
  let next;
  let isFirstPage = true;
  let loads = 0;

  /** @param {string} [after] */
  async function page(after) {
    const load_ = ++loads;
    try {
      const found = await load({ prefix: prefix.value.trim(), active: onlyActive.checked, after });
      // The answer to what was typed before.
      if (load_ !== loads) return;
      const focused = document.activeElement?.getAttribute("href");
      const made = found.entries.map(renderEntry);
      if (after === undefined) items.replaceChildren(...made);
      else items.append(...made);
      if (focused) refocus(items, focused);
      next = found.next;
      isFirstPage = after === undefined;
      more.hidden = next === undefined;
      if (after !== undefined) made[0]?.querySelector("a")?.focus();
      setText(note, noteOf(found.unconfirmed));
    } catch (error) {
      if (load_ !== loads) return;
      items.replaceChildren();
      more.hidden = true;
      setText(note, refusalText(error));
    }
  }

  /** @param {number} unconfirmed */
  function noteOf(unconfirmed) {
    if (items.children.length === 0)
      return prefix.value.trim() === "" && !onlyActive.checked ? none : `No ${noun} fits.`;
    return unconfirmed === 0
      ? ""
      : `${counted(unconfirmed, noun)} did not say how they are within the last minute: shown as before.`;
  }

  const showMore = () => page(next);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void page();
  });
  prefix.addEventListener("search", () => void page());
  onlyActive.addEventListener("change", () => void page());

  return {
    root: element(
      "section",
      { class: "sheet list", "aria-label": title },
      element("h2", {}, title),
      form,
      items,
      note,
      more,
    ),
    /** Not while the reader is on a further page, or types. */
    refresh() {
      if (isFirstPage && document.activeElement !== prefix) void page();
    },
  };
}

/** @param {Entry} entry */
const renderEntry = ({ name, details, href }) =>
  element(
    "li",
    {},
    element("a", { href }, element("bdi", {}, name)),
    element("span", { class: "details" }, details),
  );

/** @param {ParentNode} items @param {string} href */
function refocus(items, href) {
  const link = [...items.querySelectorAll("a")].find((one) => one.getAttribute("href") === href);
  link?.focus({ preventScroll: true });
}
