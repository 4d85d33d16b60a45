import { createClient } from "edge-rooms";
import { mount } from "svelte";
import Cursors from "./Cursors.svelte";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}&name=${user}`)).json()).token;

mount(Cursors, { target: document.body, props: { client: createClient({ url, getToken }) } });
