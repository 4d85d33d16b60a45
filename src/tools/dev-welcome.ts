// What `npm run dev` prints first: the pages, an app of one's own, and a notification, each to paste.

import type { DevRun } from "./dev-run.ts";

/** `apiKey`: the first of `.dev.vars`. */
export function devWelcome({ port, devTokens }: DevRun, apiKey: string): string {
  const url = `http://localhost:${port}`;
  const paragraphs = [
    `Edge Rooms: ${url}/   (open it in two windows)
Admin page: ${url}/admin   (enter the API key that stands below)`,
    devTokens === "off" ? TOKEN_NEEDED : ownApp(url),
    ...(devTokens === "share" ? [SHARED] : []),
    `Send a notification to "ada" (join as Ada first to see it):

curl ${url}/v1/notify -H "Authorization: Bearer ${apiKey}" \\
  -d '{"user":"ada","title":"Build completed","message":"All tests passed"}'`,
  ];
  return `\n${paragraphs.join("\n\n")}\n`.replaceAll(/^(?=.)/gm, "  ");
}

const TOKEN_NEEDED = `Other machines can reach this server, so you need a token to join. With --share, everyone
on your network can join without one, under any name and as a moderator.`;

const SHARED = `With --share, everyone on your network can join, under any name and as a moderator. They reach
this machine by its address, its name without a dot, or one in .local, .lan, .internal or .home.arpa.`;

/** A first program, in a page or in Node. */
const ownApp = (url: string): string =>
  [
    "In an app of your own (npm create vite@latest):",
    "",
    `npm i ${url}/edge-rooms.tgz`,
    "",
    'import { createClient } from "edge-rooms";',
    `const url = "${url}";`,
    'const getToken = async () => (await (await fetch(url + "/dev/token?user=ada")).json()).token;',
    'const room = createClient({ url, getToken }).room("lobby");',
    'room.on("message", ({ from, data }) => console.log(from?.id, data));',
    'await room.send({ text: "Hello from my app" });',
  ].join("\n");
