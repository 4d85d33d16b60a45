// One room: who is in it, what was said last, who is banned, its settings, and what can be done about it.

import { avatar } from "../ui/avatar.js";
import { button, element, setText } from "../ui/dom.js";
import { countOf, fullTime, timeAgo } from "../ui/format.js";
import { createBans } from "./bans.js";
import { askForKick, confirmPurge } from "./confirm.js";
import { saveFile } from "./export.js";
import { createBroadcast } from "./forms.js";
import { createMessages } from "./messages.js";
import { addressOf } from "./place.js";
import { startPolling } from "./polling.js";
import { createSettings } from "./room-settings.js";
import { createScheduled } from "./scheduled.js";
import { counted, refusalText } from "./words.js";

/** @import { Member, RoomInfo } from "../../src/protocol/index.ts" */
/** @import { Api, MembersOfRoom } from "./api.js" */
/** @import { Results } from "./results.js" */

/** Each time costs three calls of the room. */
const REFRESH_MS = 10_000;

/** @param {string} room @param {{ api: Api, results: Results, signal: AbortSignal }} page */
export function openRoom(room, { api, results, signal }) {
  const facts = element("p", { class: "lead" }, "Loading…");
  const heading = element("h1", { tabindex: -1 }, element("bdi", {}, room));
  const problem = element("p", { class: "problem", role: "alert", hidden: "" });
  const members = element("ul", { class: "entries" });
  const noMembers = element("p", { class: "hint" });
  const messages = createMessages(room, api, results);
  const bans = createBans(room, api, results);
  const settings = createSettings(room, api, results);
  const save = button("Export", () => void saveRoom(), "plain small");
  const purge = button("Purge room…", () => void purgeRoom(), "plain small danger-text");

  const refreshing = startPolling({
    everyMs: REFRESH_MS,
    signal,
    async poll() {
      const [info, here] = await Promise.all([api.room(room), api.members(room), messages.refresh()]);
      if (signal.aborted) return;
      problem.hidden = true;
      showInfo(info);
      showMembers(here);
    },
    onError(error) {
      problem.hidden = false;
      setText(problem, refusalText(error));
      setText(facts, "");
    },
  });
  void bans.refresh();

  /** @param {RoomInfo} info */
  function showInfo({ occupancy, head, createdAt, settings: now }) {
    const made = createdAt === undefined ? "nothing was stored yet" : `log since ${fullTime(createdAt)}`;
    setText(
      facts,
      `${people(occupancy.members)} · ${counted(occupancy.connections, "connection")} · last seq ${countOf(head)} · ${made}`,
    );
    settings.show(now);
  }

  /** @param {MembersOfRoom} here */
  function showMembers({ members: list }) {
    const focused = document.activeElement?.closest("li")?.dataset.user;
    members.replaceChildren(...list.map(renderMember));
    if (focused !== undefined)
      for (const item of members.children)
        if (item instanceof HTMLElement && item.dataset.user === focused)
          item.querySelector("button")?.focus();
    setText(noMembers, list.length === 0 ? "Nobody is here." : "");
  }

  /** @param {Member} member */
  function renderMember(member) {
    const { id, name = id, status, joinedAt } = member;
    const kick = button("Remove…", () => void remove(id, name), "plain small");
    kick.setAttribute("aria-label", `Remove ${name}…`);
    return element(
      "li",
      { class: "person", "data-user": id },
      avatar({ id, name }),
      element(
        "div",
        {},
        element("a", { href: addressOf({ kind: "user", id }) }, element("bdi", {}, name)),
        element(
          "span",
          { class: "details" },
          name !== id && element("bdi", {}, id),
          `${name === id ? "" : "· "}${status} · came ${timeAgo(joinedAt)}`,
        ),
      ),
      kick,
    );
  }

  /** @param {string} user @param {string} name */
  async function remove(user, name) {
    const who = await askForKick(user, name);
    if (who === undefined) return;
    const ban = who.banSeconds === 0 ? "" : ` and banned for ${counted(who.banSeconds, "second")}`;
    await results.attempt(api.kick(room, who), () => `${name} was removed${ban}.`);
    refreshing.now();
    await bans.refresh();
  }

  async function saveRoom() {
    save.disabled = true;
    const saving = api.exportRoom(room).then((content) => saveFile(`${room}.ndjson`, content));
    await results.attempt(saving, () => `${room} was exported.`);
    save.disabled = false;
  }

  async function purgeRoom() {
    if (!(await confirmPurge(room))) return;
    await results.attempt(api.purge(room), () => `${room} was purged.`);
    refreshing.now();
  }

  const banSomebody = bans.createForm((user) => remove(user, user));
  return element(
    "main",
    { class: "place" },
    element("a", { class: "back", href: addressOf({ kind: "overview" }) }, "All rooms and users"),
    element(
      "header",
      { class: "place-head" },
      element("div", {}, heading, facts),
      element("div", { class: "choices" }, save, purge),
    ),
    problem,
    element(
      "div",
      { class: "columns" },
      element("div", {}, messages.root, createBroadcast(api, results, room)),
      element(
        "div",
        {},
        element(
          "section",
          { class: "sheet", "aria-label": "People" },
          element("h2", {}, "People"),
          noMembers,
          members,
        ),
        element(
          "section",
          { class: "sheet", "aria-label": "Bans" },
          element("h2", {}, "Bans"),
          bans.root,
          banSomebody,
        ),
        createScheduled(room, api, results),
        settings.root,
      ),
    ),
  );
}

/** @param {number} count */
const people = (count) => (count === 1 ? "1 person" : `${countOf(count)} people`);
