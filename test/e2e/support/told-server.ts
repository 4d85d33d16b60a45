// A real server with a receiver of its webhooks beside it.

import { freePort, type LocalServer } from "../../support/local-server.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../../support/webhook-receiver.ts";
import { API_KEY, startTestServer, tokenFor } from "./world.ts";

export async function toldServer() {
  const receiver = new WebhookReceiver(await freePort());
  await receiver.start();
  const server = await startTestServer({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
  return { receiver, server };
}

/** Server code says something in a room. */
export async function publishTo({ url }: LocalServer, room: string, data: unknown): Promise<void> {
  const headers = { Authorization: `Bearer ${API_KEY}` };
  const body = JSON.stringify({ event: "chat", data });
  const response = await fetch(`${url}/v1/rooms/${room}/messages`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(await response.text());
}

/** A socket after its first frames. */
export async function join({ url }: LocalServer, room: string, user: string): Promise<WebSocket> {
  const token = await tokenFor(user);
  const address = `${url.replace("http", "ws")}/v1/rooms/${room}/connect`;
  const socket = new WebSocket(address, ["edge-rooms.v1", `token.${token}`]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    if (String(data).includes('"caughtUp"')) resolve();
  };
  socket.onerror = () => reject(new Error("no socket"));
  await promise;
  return socket;
}

/** What was said in a room, as the receiver was told. */
export const textsOf = (receiver: WebhookReceiver, room: string): readonly unknown[] =>
  receiver.of(room).flatMap((event) => (event.type === "message.stored" ? [event.message.data] : []));
