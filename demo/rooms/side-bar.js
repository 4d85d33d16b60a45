// @ts-check
// The rooms that this user follows, beside the one on the screen.

import { hasDraft } from "../composer/drafts.js";
import { isRoomName, NO_ROOM } from "../session/session.js";
import { element, icon, iconButton, part, setText } from "../ui/dom.js";
import { fewOf } from "../ui/format.js";
import { EDIT, MORE, MUTED, ROOM } from "../ui/icons.js";
import { openMenu } from "../ui/popup.js";

/** @typedef {import("./followed-rooms.js").ListedRoom} ListedRoom */
/** @typedef {{ item: HTMLLIElement, link: HTMLAnchorElement, badge: HTMLElement, listed: ListedRoom }} Entry */

/**
 * @param {ParentNode} root
 * @param {{
 *   onPick(name: string): void, onStep(by: number): void,
 *   menu(room: ListedRoom): readonly import("../ui/popup.js").MenuItem[],
 * }} page
 */
export function createSideBar(root, { onPick, onStep, menu }) {
  const list = part(root, "room-list", HTMLElement);
  const form = part(root, "join-other", HTMLFormElement);
  const input = part(form, "other-room", HTMLInputElement);
  const problem = part(form, "other-problem", HTMLElement);
  const ended = new AbortController();
  /** @type {Map<string, Entry>} */
  let shown = new Map();

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!isRoomName(name)) return complain(name === "" ? "Please enter a name." : NO_ROOM);
    complain("");
    input.value = "";
    onPick(name);
  });
  input.addEventListener("input", () => complain(""));

  /** @param {string} words */
  function complain(words) {
    setText(problem, words);
    problem.hidden = words === "";
    input.setAttribute("aria-invalid", String(words !== ""));
  }

  /** @param {string} name @returns {Entry} */
  function make(name) {
    const badge = element("span", { class: "count", "aria-hidden": "true" });
    const link = element("a", { class: "room", href: `?${new URLSearchParams({ room: name })}` }, [
      icon(ROOM),
      element("bdi", { class: "room-name" }, [name]),
      element("span", { class: "marks", "aria-hidden": "true" }, [icon(EDIT), icon(MUTED)]),
      badge,
    ]);
    link.addEventListener("click", (event) => {
      // In another tab, as with any link.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onPick(name);
    });
    const more = iconButton(`Options of ${name}`, MORE, () => {
      const entry = shown.get(name);
      if (entry) openMenu(more, name, menu(entry.listed));
    });
    more.setAttribute("aria-haspopup", "menu");
    more.setAttribute("aria-expanded", "false");
    const item = element("li", {}, [link, more]);
    return { item, link, badge, listed: { name, unread: 0, mentioned: false, muted: false, current: false } };
  }

  /** @param {Entry} entry @param {ListedRoom} listed */
  function show(entry, listed) {
    const { item, link, badge } = entry;
    const { name, unread, mentioned, muted, current } = listed;
    const draft = !current && hasDraft(name);
    entry.listed = listed;
    const marks = {
      current,
      unread: unread > 0,
      mentioned: mentioned && !current,
      muted,
      draft,
    };
    for (const [mark, isOn] of Object.entries(marks)) item.classList.toggle(mark, isOn);
    const count = unread === 0 ? "" : fewOf(unread);
    setText(badge, marks.mentioned ? `@${count}` : count);
    badge.hidden = badge.textContent === "";
    const words = [
      name,
      ...(unread === 0 ? [] : [`${fewOf(unread)} unread`]),
      ...(marks.mentioned ? ["mentions you"] : []),
      ...(muted ? ["muted"] : []),
      ...(draft ? ["draft"] : []),
    ];
    link.setAttribute("aria-label", words.join(", "));
    link.title = name;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }

  /** One row is a stop of the Tab key; the arrows lead to the others. */
  function setStops() {
    const entries = [...shown.values()];
    const stop =
      entries.find(({ item }) => item.contains(document.activeElement)) ??
      entries.find(({ listed }) => listed.current) ??
      entries[0];
    for (const entry of entries)
      for (const one of entry.item.querySelectorAll("a, button"))
        one.setAttribute("tabindex", entry === stop ? "0" : "-1");
  }

  list.addEventListener("focusin", setStops);
  list.addEventListener("keydown", (event) => {
    const links = [...shown.values()].map(({ link }) => link);
    const at = /** @type {readonly (EventTarget | null)[]} */ (links).indexOf(event.target);
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

    /** The current one. */
    focus() {
      const entries = [...shown.values()];
      (entries.find(({ listed }) => listed.current) ?? entries[0])?.link.focus();
    },

    reveal() {
      const current = [...shown.values()].find(({ listed }) => listed.current);
      current?.item.scrollIntoView({ block: "nearest" });
    },
    stop: () => ended.abort(),
  };
}
