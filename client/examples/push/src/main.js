// Notifications of one user, on the page and as pushes. Send one with the curl that `npm run dev` of the server prints.

import { createClient } from "edge-rooms";
import { showNotifications } from "./notifications.js";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}`)).json()).token;

await showNotifications(createClient({ url, getToken }));
