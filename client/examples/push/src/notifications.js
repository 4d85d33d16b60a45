// The page. Its client comes from outside, so that a test can hand in its own.

import { inboxOf } from "edge-rooms";
import { createPush } from "edge-rooms/push";

const part = (id) => document.getElementById(id);

export function showNotifications(client) {
  const inbox = inboxOf(client);
  inbox.on("notification", ({ title }) => {
    document.title = title; // only new ones: the list has the older ones too
  });
  inbox.subscribe(() => {
    const { notifications, unread } = inbox.getSnapshot();
    part("unread").textContent = String(unread);
    navigator.setAppBadge?.(unread).catch(() => {});
    part("list").replaceChildren(...notifications.map((one) => row(inbox, one)));
  });
  return offerPushes(createPush(client));
}

function row(inbox, { id, title, message, state }) {
  const item = document.createElement("li");
  const read = document.createElement("button");
  item.append(`${title}: ${message ?? ""} `);
  read.textContent = "Read";
  read.onclick = () => inbox.mark([id], "read");
  if (state === "unseen" || state === "seen") item.append(read);
  return item;
}

function offerPushes(push) {
  const box = part("push");
  async function show(change) {
    const problem = await change().then(
      () => "",
      ({ message }) => message,
    );
    const state = await push.state();
    box.checked = state === "on";
    box.disabled = state === "unsupported" || state === "denied";
    part("state").textContent = problem || state;
  }
  box.onchange = () => show(() => (box.checked ? push.enable() : push.disable()));
  return show(() => push.refresh()); // asks the user for nothing
}
