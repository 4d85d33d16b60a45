// The question to the deployer's back end: what a user may do in a room.

import type { BackEnd } from "../config/back-end-config.ts";
import { isRecord, PERMISSIONS, type Permission, type User } from "../protocol/index.ts";
import { requestJson } from "./request-json.ts";

const MAX_BYTES = 4_096;
const DEFAULT_MAX_AGE_S = 60;
const MAX_MAX_AGE_S = 3_600;

export interface BackEndAnswer {
  readonly permission: Permission;
  /** How long the answer counts. */
  readonly maxAgeMs: number;
}

/** Rejects if there is no answer of the agreed form: a permission is never guessed. `now` in milliseconds. */
export async function authorizeWebhook(
  { url, secret }: BackEnd,
  { id, name }: User,
  room: string,
  now: number,
): Promise<BackEndAnswer> {
  const body = JSON.stringify({ user: { id, name }, room });
  const headers = {
    "Content-Type": "application/json",
    [SIGNATURE_HEADER]: await signRequest(secret, body, now),
  };
  const answer = readAnswer(await requestJson(url, { method: "POST", headers, body }, MAX_BYTES));
  if (answer === undefined) throw new Error("answered in another form");
  return answer;
}

function readAnswer(answer: unknown): BackEndAnswer | undefined {
  if (!isRecord(answer)) return undefined;
  const permission = readPermission(answer.permission);
  const { maxAgeSeconds: maxAgeS = DEFAULT_MAX_AGE_S } = answer;
  if (permission === undefined || typeof maxAgeS !== "number" || !(maxAgeS >= 0)) return undefined;
  return { permission, maxAgeMs: Math.min(maxAgeS, MAX_MAX_AGE_S) * 1_000 };
}

const readPermission = (value: unknown): Permission | undefined =>
  value === null ? "none" : PERMISSIONS.find((known) => known === value);

/** `t=<seconds>,v1=<hex>`: shows the back end that a request comes from this server, and when it was made. */
export const SIGNATURE_HEADER = "Edge-Rooms-Signature";

/** HMAC-SHA256 over `<t>.<body>`. `now` in milliseconds. */
export async function signRequest(secret: string, body: string, now: number): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(secret), algorithm, false, ["sign"]);
  const mac = await crypto.subtle.sign(algorithm.name, key, encode(`${seconds}.${body}`));
  return `t=${seconds},v1=${hex(new Uint8Array(mac))}`;
}

const encode = (text: string) => new TextEncoder().encode(text);

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
