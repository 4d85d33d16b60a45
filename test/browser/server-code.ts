// What a back end does with its API key. A body that is a string is sent unchanged, so that a test can send JSON that
// `JSON.stringify` would not write.

import type { LocalServer } from "../support/local-server.ts";

export async function call<Answer>(
  { url, apiKey }: LocalServer,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

export const publish = (server: LocalServer, room: string, text: string): Promise<unknown> =>
  call(server, "POST", `/v1/rooms/${room}/messages`, { data: { text } });

/** The stored messages of the room, oldest first. */
export async function storedTexts(server: LocalServer, room: string): Promise<unknown[]> {
  interface Page {
    readonly messages: readonly { readonly data: { readonly text?: unknown } | null }[];
  }
  const { messages } = await call<Page>(server, "GET", `/v1/rooms/${room}/messages?limit=200`);
  return messages.map(({ data }) => data?.text);
}
