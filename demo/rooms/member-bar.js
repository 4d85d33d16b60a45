// @ts-check
// Who is here, and how. One's own entry leads to the status; for moderators the others lead to removing them.

import { STATUSES } from "../session/own-presence.js";
import { avatar } from "../ui/avatar.js";
import { element, part, setText } from "../ui/dom.js";
import { countOf } from "../ui/format.js";
import { openMenu } from "../ui/popup.js";

/** @typedef {import("../edge-rooms.js").RoomSnapshot} RoomSnapshot */
/** @typedef {import("../edge-rooms.js").Member} Member */
/** @typedef {"self" | "other" | "removable"} Role */

/**
 * @param {ParentNode} root
 * @param {{ presence: import("../session/own-presence.js").Presence, kickMenu(member: Member): readonly import("../ui/popup.js").MenuItem[] }} page
 */
export function createMemberBar(root, { presence, kickMenu }) {
  const title = part(root, "member-count", HTMLElement);
  const list = part(root, "members", HTMLElement);
  /** @type {Map<string, { member: Member, role: Role, element: HTMLElement }>} */
  let shown = new Map();
  /** @type {RoomSnapshot | undefined} */
  let last;

  const statusMenu = () =>
    STATUSES.map(({ status, label }) => ({
      label,
      checked: status === presence.chosen,
      mark: element("span", { class: "status-dot", "data-status": status }),
      onPick() {
        presence.choose(status);
        // In a big room nobody tells of it.
        if (last) update(last);
      },
    }));

  /** The only one known in a big room. @param {import("../edge-rooms.js").User} user @returns {Member} */
  function alone(user) {
    const known = shown.get(user.id)?.member;
    if (known?.status === presence.status) return known;
    return { ...user, status: presence.status, data: null, joinedAt: 0 };
  }

  /** @param {RoomSnapshot} snapshot */
  function update(snapshot) {
    const { members: listed, occupancy, user, permission } = snapshot;
    last = snapshot;
    const members = listed.length > 0 || user === null ? listed : [alone(user)];
    // In a room too big for a list only the number is known.
    const count = listed.length > 0 ? listed.length : occupancy.members;
    setText(title, count === 0 ? "Nobody here yet" : `${countOf(count)} here`);
    list.hidden = members.length === 0;
    /** @param {Member} member @returns {Role} */
    const roleOf = ({ id }) => (id === user?.id ? "self" : permission === "moderate" ? "removable" : "other");
    const sorted = [...members].sort(
      (a, b) => Number(b.id === user?.id) - Number(a.id === user?.id) || a.joinedAt - b.joinedAt,
    );
    /** @type {typeof shown} */
    const next = new Map();
    for (const member of sorted) {
      const before = shown.get(member.id);
      const role = roleOf(member);
      const same = before?.member === member && before.role === role;
      next.set(member.id, same ? before : { member, role, element: render(member, role) });
    }
    show(next);
  }

  /** Only what changed moves: a menu may be open beside it. @param {typeof shown} next */
  function show(next) {
    const elements = [...next.values()].map(({ element }) => element);
    const focused = [...shown].find(([, { element }]) => element.contains(document.activeElement))?.[0];
    shown = next;
    if (elements.length === list.children.length && elements.every((item, at) => item === list.children[at]))
      return;
    list.replaceChildren(...elements);
    if (focused !== undefined) next.get(focused)?.element.querySelector("button")?.focus();
  }

  /**
   * @param {Member} member
   * @param {Role} role
   */
  function render(member, role) {
    const { id, name = id, status } = member;
    const words = STATUSES.find((one) => one.status === status)?.label ?? "Online";
    const face = element("span", { class: "face" }, [
      avatar(member),
      element("span", { class: "status-dot", "data-status": status }),
    ]);
    const plain = role !== "self" && status === "online";
    const content = [
      face,
      element("span", { class: "name", dir: "auto" }, [name]),
      element("span", { class: plain ? "note visually-hidden" : "note" }, [
        role === "self" ? `You, ${words}` : words,
      ]),
    ];
    const label = `${name}: ${words}`;
    if (role === "other")
      return element("li", { title: label }, [element("div", { class: "member" }, content)]);
    const open = element(
      "button",
      { type: "button", class: "member", title: label, "aria-label": label, "aria-haspopup": "menu" },
      content,
    );
    open.setAttribute("aria-expanded", "false");
    open.addEventListener("click", () =>
      role === "self" ? openMenu(open, "Your status", statusMenu()) : openMenu(open, name, kickMenu(member)),
    );
    return element("li", { class: role }, [open]);
  }

  return update;
}
