// A chat. Open http://localhost:5173/?user=ada and, in another window, ?user=bob.

import { createClient } from "edge-rooms";
import { EdgeRooms } from "edge-rooms/react";
import { createRoot } from "react-dom/client";
import { Chat } from "./Chat.jsx";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}&name=${user}`)).json()).token;
const client = createClient({ url, getToken });

createRoot(document.getElementById("app")).render(
  <EdgeRooms client={client}>
    <Chat />
  </EdgeRooms>,
);
