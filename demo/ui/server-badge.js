// @ts-check
// How server code looks: by a shape that no name, id or picture of a user can have.

import { element, icon } from "./dom.js";
import { SERVER } from "./icons.js";

/** In place of a name. */
export const serverBadge = () => element("span", { class: "server-badge" }, [icon(SERVER), "Server"]);

/** In place of an avatar, which is always round. */
export const serverFace = () =>
  element("span", { class: "server-face", "aria-hidden": "true" }, [icon(SERVER)]);
