// Messages that stream, over HTTP, as tests open, continue and read them.

import { callAsServer, errorOf, uniqueName } from "./worker.ts";

export interface Opened {
  readonly room: string;
  readonly path: string;
  readonly seq: number;
}

/** A message that streams, opened by server code. */
export async function open(body: object = {}): Promise<Opened> {
  const room = uniqueName("answers");
  const path = `/v1/rooms/${room}/messages`;
  const response = await callAsServer("POST", path, { data: {}, stream: true, ...body });
  const { seq } = await response.json<{ seq: number }>();
  return { room, path, seq };
}

export const post = async (path: string, body?: unknown): Promise<unknown> =>
  (await callAsServer("POST", path, body)).json();

export async function refusalOf(response: Promise<Response>): Promise<Record<string, unknown>> {
  const { status } = await response;
  const { message: _, ...error } = await errorOf(await response);
  return { status, ...error };
}

/** The newest message of a room, as the API lists it. */
export async function lastOf(path: string): Promise<Record<string, unknown>> {
  const page = await callAsServer("GET", `${path}?limit=1`);
  const { messages } = await page.json<{ messages: Record<string, unknown>[] }>();
  return messages[0] ?? {};
}
