// The wire outlives the code of both sides: clients of an older version are connected while a server is replaced. If
// the first test fails, the wire has changed: add a line at the end of `WIRE_HISTORY` with the hash that the test
// expects.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as contract from "../../../src/protocol/index.ts";

const { ANSWERS, ROOM_COMMANDS, SERVER_EVENTS, SESSION_COMMANDS, WIRE_HISTORY } = contract;

/** The order of fields does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!contract.isRecord(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

/** All data of the contract: schemas, tables of commands, events, routes and errors, limits, texts. */
const data = Object.fromEntries(
  Object.entries(contract).filter(([name, value]) => name !== "WIRE_HISTORY" && typeof value !== "function"),
);
const wire = createHash("sha256")
  .update(JSON.stringify(sorted(data)))
  .digest("hex")
  .slice(0, 16);

describe("the wire", () => {
  it("[X13] has a line of history for its present form", () => {
    expect(WIRE_HISTORY.at(-1)?.wire).toBe(wire);
  });

  it("[X13] has versions that only rise, and both sides name the last one", () => {
    const versions = WIRE_HISTORY.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(versions.at(-1)).toBe(contract.PROTOCOL_VERSION);
    expect(contract.SUBPROTOCOL).toBe(`edge-rooms.v${contract.PROTOCOL_VERSION}`);
    expect(new Set(WIRE_HISTORY.map(({ wire }) => wire)).size).toBe(WIRE_HISTORY.length);
  });

  it("[X14] lists each command and event under its own type", () => {
    const tables = { ...SERVER_EVENTS, ...ROOM_COMMANDS, ...SESSION_COMMANDS };
    const events = Object.entries({ ...SERVER_EVENTS });
    const commands = Object.entries({ ...ROOM_COMMANDS, ...SESSION_COMMANDS });
    for (const [name, { type }] of [...events, ...commands]) expect(type).toEqual(["is", name]);
    expect(Object.keys(tables).length).toBeGreaterThan(25);
  });

  it("[X14] has each of its fields in PROTOCOL.md", () => {
    const prose = readFileSync(join(import.meta.dirname, "../../../src/protocol/PROTOCOL.md"), "utf8");
    const words = new Set(prose.match(/\w+/g));
    const { ERROR_ANSWER, ROOM_CONNECTED, SESSION_CONNECTED } = contract;
    const described = [SERVER_EVENTS, ROOM_COMMANDS, SESSION_COMMANDS, ANSWERS].flatMap(Object.values);
    const fields = [...described, ERROR_ANSWER, ROOM_CONNECTED, SESSION_CONNECTED].flatMap(fieldsOf);
    expect([...new Set(fields)].filter((field) => !words.has(field))).toEqual([]);
    expect(new Set(fields).size).toBeGreaterThan(60);
  });
});

/** The names of all fields in a schema. */
function fieldsOf(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldsOf);
  if (!contract.isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
}
