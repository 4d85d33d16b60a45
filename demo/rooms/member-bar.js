// Who is here. The own entry opens a menu of statuses; for moderators the others open a menu to remove a member.

import { STATUSES } from "../session/own-presence.js";
import { avatar } from "../ui/avatar.js";
import { element, OPENS_MENU, part, setText } from "../ui/dom.js";
import { countOf } from "../ui/format.js";
import { openMenu } from "../ui/popup.js";

/** @import { Member, RoomSnapshot, Status } from "../edge-rooms.js" */
/** @import { OwnPresence } from "../session/own-presence.js" */
/** @import { MenuItem } from "../ui/popup.js" */

/** @typedef {"self" | "other" | "removable"} Role */

/**
 * @param {ParentNode} root
 * @param {{ presence: OwnPresence, kickMenu(member: Member): readonly MenuItem[] }} page
 */
export function createMemberBar(root, { presence, kickMenu }) {
  const title = part(root, "member-count");
  const list = part(root, "members");
  /** @type {Map<string, { member: Member, role: Role, element: HTMLElement }>} */
  let shown = new Map();
  /** @type {RoomSnapshot | undefined} */
  let last;

  const statusMenu = () =>
    statusNames.map((status) => ({
      label: STATUSES[status],
      checked: status === presence.chosen,
      mark: statusDot(status),
      onPick() {
        presence.choose(status);
        // In a large room no event reports it.
        if (last) update(last);
      },
    }));

  /** @param {RoomSnapshot} snapshot */
  function update(snapshot) {
    const { members: listed, occupancy, user, permission } = snapshot;
    last = snapshot;
    // A large room has no list of members, only their number.
    const known = user && shown.get(user.id)?.member;
    const { status } = presence;
    const self = known?.status === status ? known : user && { ...user, status, data: null, joinedAt: 0 };
    const members = listed.length > 0 || !self ? listed : [self];
    const count = listed.length > 0 ? listed.length : occupancy.members;
    setText(title, titleOf(count));
    list.hidden = members.length === 0;
    const isSelf = (/** @type {Member} */ { id }) => id === user?.id;
    const sorted = [...members].sort(
      (a, b) => Number(isSelf(b)) - Number(isSelf(a)) || a.joinedAt - b.joinedAt,
    );
    /** @type {typeof shown} */
    const next = new Map();
    for (const member of sorted) {
      const before = shown.get(member.id);
      const role = isSelf(member) ? "self" : permission === "moderate" ? "removable" : "other";
      const same = before?.member === member && before.role === role;
      next.set(member.id, same ? before : { member, role, element: render(member, role) });
    }
    show(next);
  }

  /** Moves only what changed: a menu may be open beside it. @param {typeof shown} next */
  function show(next) {
    const elements = [...next.values()].map(({ element }) => element);
    const focused = [...shown].find(([, { element }]) => element.contains(document.activeElement))?.[0];
    shown = next;
    if (elements.length === list.children.length && elements.every((item, at) => item === list.children[at]))
      return;
    list.replaceChildren(...elements);
    if (focused !== undefined) next.get(focused)?.element.querySelector("button")?.focus();
  }

  /** @param {Member} member @param {Role} role */
  function render(member, role) {
    const { id, name = id, status } = member;
    const text = STATUSES[status];
    const isPlain = role !== "self" && status === "online";
    const content = [
      element("span", { class: "face" }, avatar(member), statusDot(status)),
      element("span", { class: "name", dir: "auto" }, name),
      element(
        "span",
        { class: isPlain ? "note visually-hidden" : "note" },
        role === "self" ? `You · ${text}` : text,
      ),
    ];
    const label = `${name}: ${text}`;
    if (role === "other")
      return element("li", { title: label }, element("div", { class: "member" }, content));
    const attributes = { type: "button", class: "member", title: label, "aria-label": label, ...OPENS_MENU };
    const open = element("button", attributes, content);
    open.addEventListener("click", () =>
      role === "self" ? openMenu(open, "Your status", statusMenu()) : openMenu(open, name, kickMenu(member)),
    );
    return element("li", { class: role }, open);
  }

  return update;
}

const statusNames = /** @type {Status[]} */ (Object.keys(STATUSES));

/** @param {number} count `0`: not known yet */
function titleOf(count) {
  if (count === 0) return "People";
  return count === 1 ? "1 person here" : `${countOf(count)} people here`;
}

/** @param {Status} status */
const statusDot = (status) => element("span", { class: "status-dot", "data-status": status });
