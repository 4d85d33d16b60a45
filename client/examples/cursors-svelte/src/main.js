import { mount } from "svelte";
import Cursors from "./Cursors.svelte";

mount(Cursors, { target: document.body });
