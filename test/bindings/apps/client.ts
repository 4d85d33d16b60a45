// What the apps share: the client of the user, room and server that the address names. A server renders without one.

import { createClient } from "edge-rooms";

const query = new URLSearchParams(globalThis.location?.search);

export const name = query.get("room") ?? "lobby";

export const client = createClient({
  url: query.get("server") ?? "http://localhost",
  getToken: async () => {
    const response = await fetch(`token?user=${query.get("user")}&name=${query.get("user")}`);
    const { token }: { token: string } = await response.json();
    return token;
  },
  reconnect: { minMs: 50, maxMs: 400 },
});

/** How often the list of messages was rendered: the test reads it from the page. */
export const renders = { lists: 0 };
Object.assign(globalThis, { renders, client });

export const textOf = (data: unknown): string => String(Object(data).text);
