// Turns a frame of a client into commands. It never throws: each part of a frame is a command or a refusal.

import type * as v from "valibot";
import {
  exceedsBytes,
  isCommandId,
  isRecord,
  type JsonObject,
  MAX_BATCH_COMMANDS,
  MAX_FRAME_BYTES,
  type Outcome,
  parseJson,
  type Refusal,
  refuse,
} from "../protocol/index.ts";
import { check } from "./check.ts";

export type Parsed<Command> =
  | { readonly kind: "command"; readonly command: Command }
  /** `command`: its type. Left out: it has none that is known. */
  | {
      readonly kind: "refused";
      readonly id?: string;
      readonly refusal: Refusal;
      readonly command?: string;
    };

type Schemas<Command> = Readonly<Record<string, v.GenericSchema<unknown, Command>>>;

export const parseFrame = <Command>(
  frame: string | ArrayBuffer,
  schemas: Schemas<Command>,
): Parsed<Command>[] => parseEach<Command, never>(frame, schemas, () => undefined);

/** Takes a command, refuses it, or leaves it (`undefined`). `text` is the frame, where `value` is all of it. */
export type Route<Routed> = (value: JsonObject, text: string | undefined) => Outcome<Routed> | undefined;

/**
 * As `parseFrame`, but `route` comes first: it gets each frame, with its text, and each command of a batch that it did
 * not take as a whole. What it takes is not validated here.
 */
export function parseEach<Command, Routed>(
  frame: string | ArrayBuffer,
  schemas: Schemas<Command>,
  route: Route<Routed>,
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
  value: JsonObject,
  text: string | undefined,
  route: Route<Routed>,
): Parsed<Routed> | undefined {
  const id = typeof value.id === "string" && isCommandId(value.id) ? value.id : undefined;
  try {
    const routed = route(value, text);
    if (routed === undefined) return undefined;
    return routed.ok ? { kind: "command", command: routed.value } : refused(id, routed.refusal);
  } catch {
    // The engine parses JSON of any depth, but can only encode as deep as its stack.
    return bad("nested too deeply for a batch without a room", id);
  }
}

function parseCommand<Command>(value: unknown, schemas: Schemas<Command>): Parsed<Command> {
  if (!isRecord(value)) return bad("a command is a JSON object");
  const { type } = value;
  const id = typeof value.id === "string" && isCommandId(value.id) ? value.id : undefined;
  const command = typeof type === "string" && Object.hasOwn(schemas, type) ? type : undefined;
  const schema = command === undefined ? undefined : schemas[command];
  if (schema === undefined) return bad("unknown type", id, ["type"]);
  const checked = check(schema, value);
  if (checked.ok) return { kind: "command", command: checked.value };
  return refused(id, checked.refusal, command);
}

const refused = <Command>(id: string | undefined, refusal: Refusal, command?: string): Parsed<Command> => ({
  kind: "refused",
  ...(id !== undefined && { id }),
  refusal,
  ...(command !== undefined && { command }),
});

function bad<Command>(message: string, id?: string, path?: string[]): Parsed<Command> {
  return refused(id, refuse("bad_request", message, path === undefined ? {} : { path }));
}
