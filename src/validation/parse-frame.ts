// Turns what a client sent into commands. It never throws: each part of a frame is a command or a refusal.

import type * as v from "valibot";
import {
  exceedsBytes,
  isCommandId,
  MAX_BATCH_COMMANDS,
  MAX_FRAME_BYTES,
  type Refusal,
  refuse,
} from "../protocol/index.ts";
import { check } from "./check.ts";
import { ROOM_NAME } from "./fields.ts";

export type Parsed<Command> =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "refused"; readonly id?: string; readonly refusal: Refusal };

type Schemas<Command> = Readonly<Record<string, v.GenericSchema<unknown, Command>>>;

export const parseFrame = <Command>(
  frame: string | ArrayBuffer,
  schemas: Schemas<Command>,
): Parsed<Command>[] => parseEach<Command, never>(frame, schemas, () => undefined);

/**
 * As `parseFrame`, but what `route` takes is not looked at further: it gets each frame, with its text, and each command
 * of a batch that it did not take.
 */
export function parseEach<Command, Routed>(
  frame: string | ArrayBuffer,
  schemas: Schemas<Command>,
  route: (value: Record<string, unknown>, text: string | undefined) => Routed | "unreadable" | undefined,
): Parsed<Command | Routed>[] {
  if (typeof frame !== "string") return [bad("frames are text, not binary")];
  if (exceedsBytes(frame, MAX_FRAME_BYTES)) {
    return [
      { kind: "refused", refusal: refuse("too_large", `a frame has at most ${MAX_FRAME_BYTES} bytes`) },
    ];
  }
  const value = parseJson(frame);
  if (!isRecord(value)) return [bad("a frame is one JSON object")];
  const routed = taken(value, frame, route);
  if (routed !== undefined) return [routed];
  if (value.type !== "batch") return [parseCommand(value, schemas)];
  const { commands } = value;
  if (!Array.isArray(commands) || commands.length < 1 || commands.length > MAX_BATCH_COMMANDS) {
    return [bad(`a batch has 1 to ${MAX_BATCH_COMMANDS} commands`)];
  }
  return commands.map(
    (command) =>
      (isRecord(command) ? taken(command, undefined, route) : undefined) ?? parseCommand(command, schemas),
  );
}

function taken<Routed>(
  value: Record<string, unknown>,
  text: string | undefined,
  route: (value: Record<string, unknown>, text: string | undefined) => Routed | "unreadable" | undefined,
): Parsed<Routed> | undefined {
  const id = typeof value.id === "string" && isCommandId(value.id) ? value.id : undefined;
  try {
    const routed = route(value, text);
    if (routed === undefined) return undefined;
    return routed === "unreadable"
      ? bad(`room: ${ROOM_NAME}`, id, ["room"])
      : { kind: "command", command: routed };
  } catch {
    // The engine parses JSON of any depth, but encodes only what its stack holds.
    return bad("nested too deeply for a batch without a room", id);
  }
}

function parseCommand<Command>(value: unknown, schemas: Schemas<Command>): Parsed<Command> {
  if (!isRecord(value)) return bad("a command is a JSON object");
  const { type } = value;
  const id = typeof value.id === "string" && isCommandId(value.id) ? value.id : undefined;
  const schema = typeof type === "string" && Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) return bad("unknown type", id, ["type"]);
  const checked = check(schema, value);
  if (checked.ok) return { kind: "command", command: checked.value };
  return { kind: "refused", ...(id !== undefined && { id }), refusal: checked.refusal };
}

function bad<Command>(message: string, id?: string, path?: string[]): Parsed<Command> {
  return {
    kind: "refused",
    ...(id !== undefined && { id }),
    refusal: refuse("bad_request", message, path === undefined ? {} : { path }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
