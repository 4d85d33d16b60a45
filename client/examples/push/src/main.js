// Notifications of one user, on the page and as pushes. Send one with the curl that `npm run dev` of the server prints.

import { createClient, inboxOf } from "edge-rooms";
import { createPush } from "edge-rooms/push";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}`)).json()).token;
const client = createClient({ url, getToken });
const part = (id) => document.getElementById(id);

const inbox = inboxOf(client);
inbox.on("notification", ({ title }) => {
  document.title = title; // only new ones: the list has the older ones too
});
inbox.subscribe(() => {
  const { notifications, unread } = inbox.getSnapshot();
  part("unread").textContent = String(unread);
  navigator.setAppBadge?.(unread).catch(() => {});
  part("list").replaceChildren(...notifications.map(row));
});
function row({ id, title, message, state }) {
  const item = document.createElement("li");
  const read = document.createElement("button");
  item.append(`${title}: ${message ?? ""} `);
  read.textContent = "Read";
  read.onclick = () => inbox.mark([id], "read");
  if (state === "unseen" || state === "seen") item.append(read);
  return item;
}

const push = createPush(client);
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
await show(() => push.refresh()); // asks the user for nothing
