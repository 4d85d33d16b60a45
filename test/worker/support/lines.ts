import { env } from "cloudflare:workers";
import { callAsServer } from "./worker.ts";

export type Line = Record<string, unknown>;

export const linesIn = (text: string): Line[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** As `text()`, which warns of a type that it does not know as a text. */
export const textIn = async (response: Response): Promise<string> =>
  new TextDecoder().decode(await response.arrayBuffer());

export const NDJSON = { Authorization: `Bearer ${env.API_KEYS}`, "Content-Type": "application/x-ndjson" };

export const exportOfUser = async (user: string): Promise<Line[]> =>
  linesIn(await textIn(await callAsServer("GET", `/v1/users/${user}/export`)));
