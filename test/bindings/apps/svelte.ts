import { mount } from "svelte";
import Chat from "./Chat.svelte";

const target = document.getElementById("app");
if (target !== null) mount(Chat, { target });
