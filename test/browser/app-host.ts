// The server of an app, on an origin of its own: its files, and those of the client as its deployment would copy them.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { LocalServer } from "../support/local-server.ts";

export interface AppHost {
  readonly url: string;
  close(): void;
}

const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/** `files` by their path. What they do not have is taken from the server of the rooms. */
export async function startAppHost(
  rooms: LocalServer,
  files: Readonly<Record<string, string>>,
): Promise<AppHost> {
  const server: Server = createServer(async ({ url = "" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    response.setHeader("Content-Type", TYPES[pathname.split(".")[1] ?? "html"] ?? "text/plain");
    // A sandboxed frame is of no origin.
    response.setHeader("Access-Control-Allow-Origin", "*");
    const file = files[pathname];
    if (file !== undefined) return response.end(file);
    const answer = await fetch(rooms.url + pathname);
    return response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}`, close: () => server.close() };
}
