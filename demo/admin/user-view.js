// One user: whether they are online, and what can be done about them.

import { button, element, setText } from "../ui/dom.js";
import { askForDisconnect, confirmErase } from "./confirm.js";
import { saveFile } from "./export.js";
import { createNotify } from "./forms.js";
import { addressOf } from "./place.js";
import { counted, refusalText } from "./words.js";

/** @import { Api } from "./api.js" */
/** @import { Results } from "./results.js" */

/** @param {string} user @param {{ api: Api, results: Results }} page */
export function openUser(user, { api, results }) {
  const facts = element("p", { class: "lead", role: "status" }, "Loading…");
  const disconnect = button("Disconnect…", () => void disconnectUser(), "plain small danger-text");
  const save = button("Export", () => void saveUser(), "plain small");
  const erase = button("Erase…", () => void eraseUser(), "plain small danger-text");
  const again = button("Refresh", () => void refresh(), "plain small");
  void refresh();

  async function refresh() {
    try {
      const { online, connections, unread } = await api.user(user);
      const sessions = online ? `Online with ${counted(connections, "session")}` : "No session is open";
      setText(facts, `${sessions} · ${counted(unread, "unread notification")}`);
    } catch (error) {
      setText(facts, refusalText(error));
    }
  }

  async function saveUser() {
    save.disabled = true;
    const saving = api.exportUser(user).then((content) => saveFile(`${user}.ndjson`, content));
    await results.attempt(saving, () => `${user} was exported.`);
    save.disabled = false;
  }

  async function eraseUser() {
    if (!(await confirmErase(user))) return;
    await results.attempt(api.erase(user), ({ done, rooms }) =>
      done
        ? `Nothing of ${user} is left.`
        : `${user} is being erased. Something is left in ${counted(rooms, "room")}; the server goes on by itself.`,
    );
    await refresh();
  }

  async function disconnectUser() {
    const options = await askForDisconnect(user);
    if (options === undefined) return;
    await results.attempt(
      api.disconnect(user, options.keepPush),
      ({ rooms }) =>
        `${user} was disconnected. ${counted(rooms, "room")} know${rooms === 1 ? "s" : ""} already.`,
    );
    await refresh();
  }

  return element(
    "main",
    { class: "place" },
    element("a", { class: "back", href: addressOf({ kind: "overview" }) }, "All rooms and users"),
    element(
      "header",
      { class: "place-head" },
      element("div", {}, element("h1", { tabindex: -1 }, element("bdi", {}, user)), facts),
      element("div", { class: "choices" }, again, save, disconnect, erase),
    ),
    element(
      "p",
      { class: "hint" },
      "Sessions are counted. Sockets that a user has opened to single rooms are seen in the rooms.",
    ),
    createNotify(api, results, user),
  );
}
