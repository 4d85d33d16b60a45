// Users whose tokens are revoked.

import { expect } from "vitest";
import { TestSocket } from "./test-socket.ts";
import { callAsServer, type TokenOptions, tokenFor, upgrade } from "./worker.ts";

export async function disconnect(user: string, body?: object): Promise<number> {
  const response = await callAsServer("POST", `/v1/users/${user}/disconnect`, body);
  expect(response.status).toBe(200);
  return (await response.json<{ rooms: number }>()).rooms;
}

/** A socket with exactly this token: "connected", or why it was closed. */
export async function entry(path: string, token: string): Promise<string> {
  const { webSocket } = await upgrade(path, token);
  if (webSocket === null) throw new Error("no socket");
  const socket = new TestSocket(webSocket);
  const connected = socket.next("connected").then(
    () => "connected",
    () => "nothing",
  );
  const outcome = await Promise.race([
    connected,
    socket.closed.then(({ code, reason }) => `${code} ${reason}`),
  ]);
  if (outcome === "connected") socket.close(4000);
  return outcome;
}

/** A socket with exactly this token, after its first frames. */
export async function open(path: string, token: string): Promise<TestSocket> {
  const { webSocket } = await upgrade(path, token);
  if (webSocket === null) throw new Error("no socket");
  const socket = new TestSocket(webSocket);
  await socket.next("caughtUp");
  return socket;
}

export const intoRoom = (room: string, token: string) => entry(`/v1/rooms/${room}/connect`, token);
export const intoSession = (token: string) => entry("/v1/connect", token);
/** The refusal, with the time to wait if there is one. */
export const VOID = "4401 token_expired";
/** The milliseconds after a disconnect from which no new token is revoked, whatever its signer's clock is. */
export const WINDOW_MS = 121_000;

/** Tokens are dated by the test, in whole seconds from `now`. */
export const dated = (user: string, now: number, seconds: number, options: TokenOptions = {}) => {
  const iat = Math.floor(now / 1_000) + seconds;
  return tokenFor(user, { ...options, claims: { iat, exp: iat + 7_200, ...options.claims } });
};
