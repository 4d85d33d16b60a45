// The frames of the sockets, each with a name and its schema.

import { isRecord, MAX_BATCH_COMMANDS } from "../../protocol/index.ts";
import type { JsonSchema } from "./atom-schemas.ts";
import { docOf } from "./documented-contract.ts";
import { componentName, type SchemaWriter, unwrapped, type Writer } from "./schema-writer.ts";

export interface FrameMessage {
  readonly name: string;
  readonly title: string;
  readonly payload: JsonSchema;
  readonly by: Writer;
  /** Only on a session, or on the socket of a room too. */
  readonly on: "session" | "both";
}

export interface Messages {
  readonly all: readonly FrameMessage[];
  /** The names of what answers a command that is taken. */
  answers(command: string): readonly string[];
}

type Contract = Readonly<Record<string, unknown>>;

/** On a session: the room that a frame is of. */
const OF_ROOM = ["optional", "roomName"] as const;
const OF_ROOM_DOC = "Only on a session: the room that this frame is of. In a batch it stands once, for all.";

/** A message in an envelope. */
const ENCLOSED: JsonSchema = {
  type: "array",
  minItems: 3,
  maxItems: 5,
  description: "A message: its place in `envelopes`, `id`, `data`, the steps of `at` and of `seq`.",
};

/** Commands of the session alone, and what it alone is told. */
const OF_SESSION = ["mark", "notifications", "join", "leave", "left", "notification", "notificationUpdated"];

export function frameMessages(writer: SchemaWriter, contract: Contract): Messages {
  const frames = new FrameWriter(writer);
  const commands = Object.entries({
    ...tableIn(contract, "ROOM_COMMANDS"),
    ...tableIn(contract, "SESSION_COMMANDS"),
  }).map(([type, fields]) => frames.write(`${type}Command`, fields, "client", type));
  const events = Object.entries(tableIn(contract, "SERVER_EVENTS"))
    .filter(([type]) => type !== "ok")
    .map(([type, fields]) => frames.write(type === "pong" ? type : `${type}Event`, fields, "server", type));
  const answers = Object.entries(tableIn(contract, "ANSWERS")).flatMap(([command, fields]) => {
    const { schema } = unwrapped(fields ?? {});
    const ok = { ...tableIn(contract, "OK"), ...(isRecord(schema) ? schema : {}) };
    return fields === null ? [] : [frames.write(`${command}Ok`, ok, "server", command)];
  });
  const error = frames.write("error", contract.ERROR_ANSWER, "server", "error");
  const first = [
    frames.write("roomConnected", contract.ROOM_CONNECTED, "server", "connected"),
    frames.write("sessionConnected", contract.SESSION_CONNECTED, "server", "left"),
  ];
  const told = [...events, ...answers, error];
  const batches = [
    frames.define("commandBatch", "Several commands in one frame", "client", {
      required: ["type", "commands"],
      properties: {
        type: { type: "string", const: "batch" },
        commands: {
          type: "array",
          minItems: 1,
          maxItems: MAX_BATCH_COMMANDS,
          items: { anyOf: commands.map(({ payload }) => payload) },
        },
        room: frames.room,
      },
    }),
    frames.define("eventBatch", "Several frames in one, in their order", "server", {
      required: ["type", "events"],
      properties: {
        type: { type: "string", const: "batch" },
        events: { type: "array", items: { anyOf: [...told.map(({ payload }) => payload), ENCLOSED] } },
        envelopes: {
          type: "array",
          items: writer.write(tableIn(contract, "ENVELOPE"), "server"),
          description: "Only for a client that asked with `batch=envelopes`.",
        },
        seq: { type: "integer", description: "Where the steps of the enclosed messages begin." },
        at: { type: "integer", description: "As `seq`." },
        replay: { type: "boolean", const: true, description: "They are part of a replay." },
        room: frames.room,
      },
    }),
  ];
  const all = [...commands, ...first, ...told, ...batches];
  return {
    all,
    answers: (command) =>
      command === "ping"
        ? ["pong"]
        : answers.filter(({ name }) => name === `${command}Ok`).map(({ name }) => name),
  };
}

function tableIn(contract: Contract, name: string): Contract {
  const { [name]: table } = contract;
  if (!isRecord(table)) throw new Error(`the contract has no ${name}`);
  return table;
}

class FrameWriter {
  readonly #writer: SchemaWriter;
  readonly room: JsonSchema;

  constructor(writer: SchemaWriter) {
    this.#writer = writer;
    this.room = writer.describe(writer.write(OF_ROOM, "client"), OF_ROOM_DOC);
  }

  /** `type`: what it is listed by in the contract. */
  write(name: string, documented: unknown, by: Writer, type: string): FrameMessage {
    const { schema } = unwrapped(documented);
    const fields = isRecord(schema) ? schema : {};
    const written = this.#writer.object("room" in fields ? fields : { ...fields, room: OF_ROOM }, by);
    const properties = isRecord(written.properties) ? written.properties : {};
    const room = "room" in fields ? properties.room : this.room;
    const doc = typeof schema === "object" ? docOf(schema) : undefined;
    const payload = this.#writer.define(componentName(`${name}Frame`), {
      ...written,
      ...(doc !== undefined && { description: doc }),
      properties: { ...properties, room },
    });
    const on = OF_SESSION.includes(type) ? "session" : "both";
    return { name, title: titleOf(name), payload, by, on };
  }

  define(name: string, title: string, by: Writer, schema: JsonSchema): FrameMessage {
    const payload = this.#writer.define(componentName(`${name}Frame`), { type: "object", ...schema });
    return { name, title, payload, by, on: "both" };
  }
}

/** `sendCommand`: "Command: send". */
function titleOf(name: string): string {
  const [, type = name, kind = ""] = /^(.+?)(Command|Event|Ok)?$/.exec(name) ?? [];
  if (kind === "Ok") return `Answer to ${type}`;
  return kind === "" ? `Frame: ${type}` : `${kind}: ${type}`;
}
