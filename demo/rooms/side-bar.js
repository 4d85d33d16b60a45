// The side bar: the rooms that this user follows, and a field to open another one.

import { hasDraft } from "../composer/drafts.js";
import { roomProblem } from "../session/session.js";
import { element, icon, iconButton, OPENS_MENU, part, setText, showProblem } from "../ui/dom.js";
import { badgeCount } from "../ui/format.js";
import { EDIT, MORE, MUTED, ROOM } from "../ui/icons.js";
import { openMenu } from "../ui/popup.js";

/** @import { MenuItem } from "../ui/popup.js" */
/** @import { ListedRoom } from "./followed-rooms.js" */

/** @typedef {{ item: HTMLLIElement, link: HTMLAnchorElement, badge: HTMLElement, listed: ListedRoom }} Entry */

/**
 * @param {ParentNode} root
 * @param {{ onPick(name: string): void, onStep(by: number): void, menu(room: ListedRoom): readonly MenuItem[] }} page
 */
export function createSideBar(root, { onPick, onStep, menu }) {
  const list = part(root, "room-list");
  const form = part(root, "join-other", HTMLFormElement);
  const input = part(form, "other-room", HTMLInputElement);
  const problem = part(form, "other-problem");
  const ended = new AbortController();
  /** @type {Map<string, Entry>} */
  let shown = new Map();

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = input.value.trim();
    const wrong = roomProblem(name);
    showProblem(problem, wrong, input);
    if (wrong !== "") return;
    input.value = "";
    onPick(name);
  });
  input.addEventListener("input", () => showProblem(problem, "", input));

  /** @param {string} name @returns {Entry} */
  function make(name) {
    const badge = element("span", { class: "count", "aria-hidden": true });
    const link = element(
      "a",
      { class: "room", href: `?${new URLSearchParams({ room: name })}`, title: name },
      icon(ROOM),
      element("bdi", { class: "room-name" }, name),
      element("span", { class: "marks", "aria-hidden": true }, icon(EDIT), icon(MUTED)),
      badge,
    );
    link.addEventListener("click", (event) => {
      // These open another tab, as on any link.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onPick(name);
    });
    const open = () => openMenu(more, name, menu(entry.listed));
    const more = iconButton(`Options for ${name}`, MORE, open, OPENS_MENU);
    const listed = { name, unread: 0, mentioned: false, muted: false, current: false };
    const entry = { item: element("li", {}, link, more), link, badge, listed };
    return entry;
  }

  /** @param {Entry} entry @param {ListedRoom} listed */
  function show(entry, listed) {
    const { item, link, badge } = entry;
    const { name, unread, muted, current } = listed;
    entry.listed = listed;
    const mentioned = listed.mentioned && !current;
    const draft = !current && hasDraft(name);
    const marks = { current, unread: unread > 0, mentioned, muted, draft };
    for (const [mark, isOn] of Object.entries(marks)) item.classList.toggle(mark, isOn);
    const count = unread === 0 ? "" : badgeCount(unread);
    setText(badge, mentioned ? `@${count}` : count);
    badge.hidden = badge.textContent === "";
    const label = [
      name,
      unread > 0 && `${count} unread`,
      mentioned && "mentions you",
      muted && "muted",
      draft && "draft",
    ];
    link.setAttribute("aria-label", label.filter(Boolean).join(", "));
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }

  const currentEntry = () => {
    const entries = [...shown.values()];
    return entries.find(({ listed }) => listed.current) ?? entries[0];
  };

  /** One row is a stop of the Tab key; the arrow keys move to the others. */
  function setStops() {
    const focused = [...shown.values()].find(({ item }) => item.contains(document.activeElement));
    const stop = focused ?? currentEntry();
    for (const entry of shown.values())
      for (const one of entry.item.querySelectorAll("a, button"))
        one.setAttribute("tabindex", entry === stop ? "0" : "-1");
  }

  list.addEventListener("focusin", setStops);
  list.addEventListener("keydown", (event) => {
    const links = [...shown.values()].map(({ link }) => link);
    const at = links.findIndex((link) => link.matches(":focus"));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || next === undefined || event.altKey) return;
    event.preventDefault();
    links[next]?.focus();
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by === undefined || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      // A dialog waits for its answer.
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      onStep(by);
    },
    { signal: ended.signal },
  );

  return {
    /** @param {readonly ListedRoom[]} rooms */
    update(rooms) {
      const next = new Map(rooms.map(({ name }) => [name, shown.get(name) ?? make(name)]));
      const hadFocus = list.contains(document.activeElement);
      for (const [name, { item }] of shown) if (!next.has(name)) item.remove();
      shown = next;
      for (const [at, listed] of rooms.entries()) {
        const entry = next.get(listed.name);
        if (!entry) continue;
        show(entry, listed);
        if (list.children[at] !== entry.item) list.insertBefore(entry.item, list.children[at] ?? null);
      }
      setStops();
      if (hadFocus && !list.contains(document.activeElement)) this.focus();
    },
    /** Focuses the current room. */
    focus: () => currentEntry()?.link.focus(),
    /** Scrolls to the current room. */
    reveal: () => currentEntry()?.item.scrollIntoView({ block: "nearest" }),
    stop: () => ended.abort(),
  };
}
