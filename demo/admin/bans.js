// Who is banned from a room.

import { button, element, setText } from "../ui/dom.js";
import { fullTime } from "../ui/format.js";
import { labelled } from "./forms.js";
import { refusalText } from "./words.js";

/** @import { Ban } from "../../src/protocol/index.ts" */
/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

/** @param {string} room @param {Api} api @param {Results} results */
export function createBans(room, api, results) {
  const items = element("ul", { class: "entries" });
  const note = element("p", { class: "hint", tabindex: -1 });
  const more = button("Show more", () => void load(last), "plain small");
  more.hidden = true;
  /** @type {string | undefined} */
  let last;

  /** @param {string} [after] */
  async function load(after) {
    try {
      const page = await api.bans(room, after);
      const made = page.bans.map(renderBan);
      if (after === undefined) items.replaceChildren(...made);
      else items.append(...made);
      last = page.bans.at(-1)?.user;
      more.hidden = page.more !== true;
      setText(note, items.children.length === 0 ? "Nobody is banned." : "");
    } catch (error) {
      setText(note, refusalText(error));
    }
  }

  /** @param {Ban} ban */
  function renderBan({ user, until, by, reason }) {
    const unban = button("End ban", () => void end(), "plain small");
    unban.setAttribute("aria-label", `End the ban of ${user}`);

    async function end() {
      unban.disabled = true;
      await results.attempt(api.unban(room, user), () => `${user} can come back.`);
      await load();
      note.focus({ preventScroll: true });
    }

    return element(
      "li",
      { class: "person" },
      element(
        "div",
        {},
        element("bdi", { class: "who" }, user),
        element("span", { class: "details" }, `Until ${fullTime(until)}, by ${by ?? "server code"}`),
        reason && element("span", { class: "details", dir: "auto" }, `“${reason}”`),
      ),
      unban,
    );
  }

  return {
    root: element("div", {}, note, items, more),
    refresh: () => load(),
    /** Bans somebody who need not be in the room. @param {(user: string) => Promise<void>} onBan */
    createForm(onBan) {
      const user = labelled(
        "User id",
        element("input", { autocomplete: "off", autocapitalize: "none", spellcheck: "false", dir: "auto" }),
      );
      const form = element(
        "form",
        { class: "act inline", novalidate: "" },
        user.box,
        element("button", { class: "plain small", type: "submit" }, "Ban…"),
      );
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const id = user.control.value.trim();
        if (user.judge(id === "" ? "Enter the id of a user." : "")) void onBan(id);
      });
      return form;
    },
  };
}
