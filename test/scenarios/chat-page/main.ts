import { createClient } from "edge-rooms";
import { edgeRooms } from "edge-rooms/vue";
import { createApp } from "vue";
import ChatRoom from "./ChatRoom.vue";

const query = new URLSearchParams(location.search);
const user = query.get("user") ?? "ada";

const client = createClient({
  url: query.get("rooms") ?? "http://localhost:8787",
  getToken: async () => (await fetch(`/token/${user}`)).text(),
});

createApp(ChatRoom, { name: "lobby" }).use(edgeRooms, client).mount("#app");
