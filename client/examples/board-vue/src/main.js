import { VueQueryPlugin } from "@tanstack/vue-query";
import { createClient } from "edge-rooms";
import { edgeRooms } from "edge-rooms/vue";
import { createApp } from "vue";
import TaskBoard from "./TaskBoard.vue";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}`)).json()).token;

createApp(TaskBoard).use(VueQueryPlugin).use(edgeRooms, createClient({ url, getToken })).mount("#app");
