// Suggests whom `@` may mean while it is typed. The focus stays in the text; its keys choose among the suggestions.

import { avatar } from "../ui/avatar.js";
import { element, part } from "../ui/dom.js";

/** @import { User } from "../edge-rooms.js" */

const MAX_SHOWN = 8;
/** From the last `@` that begins a word up to the caret. */
const BEGUN = /(?:^|[\s(])@([^@\n]{0,40})$/u;

/**
 * @param {ParentNode} root
 * @param {HTMLTextAreaElement} text
 * @param {{ candidates(): readonly User[], onPick(): void }} page `candidates`: the most likely first
 */
export function suggestMentions(root, text, { candidates, onPick }) {
  const box = part(root, "mentions");
  /** @type {readonly User[]} */
  let shown = [];
  let chosen = 0;
  /** The position of an `@` whose suggestions were dismissed. @type {number | undefined} */
  let dismissedAt;

  function begun() {
    const before = text.value.slice(0, text.selectionStart);
    const query = text.selectionStart === text.selectionEnd ? BEGUN.exec(before)?.[1] : undefined;
    return query === undefined ? undefined : { query, at: before.length - query.length - 1 };
  }

  function look() {
    const start = begun();
    if (start?.at !== dismissedAt) dismissedAt = undefined;
    const isWanted = start !== undefined && dismissedAt === undefined && !text.disabled;
    const found = isWanted ? matching(candidates(), start.query) : [];
    if (found.length !== shown.length || found.some(({ id }, at) => id !== shown[at]?.id)) chosen = 0;
    show(found);
  }

  /** @param {readonly User[]} users */
  function show(users) {
    shown = users;
    box.hidden = users.length === 0;
    box.replaceChildren(...users.map(render));
    if (box.hidden) text.removeAttribute("aria-activedescendant");
    else text.setAttribute("aria-activedescendant", `mention-${chosen}`);
    box.children[chosen]?.scrollIntoView({ block: "nearest" });
  }

  const hide = () => show([]);

  /** @param {User} user @param {number} at */
  function render(user, at) {
    const { id, name = id } = user;
    const item = element(
      "div",
      { role: "option", id: `mention-${at}`, "aria-selected": at === chosen },
      avatar(user),
      element("span", { class: "name", dir: "auto" }, name),
      name !== id && element("span", { class: "id", dir: "ltr" }, id),
    );
    // The text keeps the focus.
    item.addEventListener("pointerdown", (event) => event.preventDefault());
    item.addEventListener("click", () => pick(at));
    return item;
  }

  /** @param {number} at */
  function pick(at) {
    const start = begun();
    const user = shown[at];
    if (start === undefined || user === undefined) return;
    text.setRangeText(`@${user.name ?? user.id} `, start.at, text.selectionStart, "end");
    hide();
    onPick();
  }

  for (const type of ["input", "click"]) text.addEventListener(type, look);
  text.addEventListener("blur", hide);
  text.addEventListener("keyup", ({ key }) => {
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) look();
  });

  return {
    hide,
    /** Whether the suggestions used the key. @param {KeyboardEvent} event */
    takes(event) {
      if (shown.length === 0 || event.isComposing || event.shiftKey) return false;
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length;
          show(shown);
          break;
        case "Enter":
        case "Tab":
          pick(chosen);
          break;
        case "Escape":
          dismissedAt = begun()?.at;
          hide();
          break;
        default:
          return false;
      }
      event.preventDefault();
      return true;
    },
  };
}

/** In lower case and without accents: `il` finds İlker, `zoe` finds Zoë. @param {string} text */
const simplified = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

/** @param {readonly User[]} users @param {string} query */
function matching(users, query) {
  const wanted = simplified(query);
  const begins = (/** @type {string} */ word) => simplified(word).startsWith(wanted);
  return users
    .filter(({ id, name = id }) => begins(name) || begins(id) || name.split(/\s+/u).slice(1).some(begins))
    .slice(0, MAX_SHOWN);
}
