// The AsyncAPI 3 document of the sockets, from the schemas of their frames. The application that it describes is the
// server: it receives commands, and sends events and answers.

import { isRecord, PROTOCOL_VERSION } from "../../protocol/index.ts";
import type { JsonSchema } from "./atom-schemas.ts";
import { frameMessages, type Messages } from "./frame-messages.ts";
import { SchemaWriter, unwrapped } from "./schema-writer.ts";

/** Replaced by the address of the deployment where the document is served. */
const EXAMPLE_SERVER = { host: "rooms.example.com", protocol: "wss" } as const;

const INFO = {
  title: "Edge Rooms: sockets",
  version: String(PROTOCOL_VERSION),
  description: [
    "The frames of both sockets. Each is a text frame with one JSON object, whose `type` says what it is. Both sides",
    "ignore fields and types that they do not know. The calls over HTTP are described by the OpenAPI document beside",
    "this one (`openapi.json`). Rules that no schema holds (what follows what, when a socket closes): PROTOCOL.md.",
  ].join(" "),
  license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
} as const;

interface Channel {
  readonly name: "room" | "session";
  readonly address: string;
  readonly title: string;
  readonly description: string;
  /** Names of tables of the contract. */
  readonly query: readonly string[];
  readonly commands: string;
}

const CHANNELS: readonly Channel[] = [
  {
    name: "room",
    address: "/v1/rooms/{room}/connect",
    title: "The socket of a room",
    description:
      "One room. The subprotocol is `edge-rooms.v1`, and beside it `token.<jwt>` may carry the token.",
    query: ["ROOM_SOCKET_QUERY"],
    commands: "ROOM_COMMANDS",
  },
  {
    name: "session",
    address: "/v1/connect",
    title: "The session of a user",
    description:
      "The inbox of a user, and up to 50 rooms: each frame of a room has `room`, in both directions.",
    query: ["SESSION_SOCKET_QUERY", "PROBE_QUERY"],
    commands: "SESSION_COMMANDS",
  },
];

export function asyncApiDocument(contract: Readonly<Record<string, unknown>>): JsonSchema {
  const writer = new SchemaWriter(contract, "AsyncAPI");
  const messages = frameMessages(writer, contract);
  const channels = CHANNELS.map((channel) => [channel.name, channelOf(channel, writer, contract, messages)]);
  return {
    asyncapi: "3.0.0",
    info: INFO,
    defaultContentType: "application/json",
    servers: {
      deployment: { ...EXAMPLE_SERVER, security: [{ $ref: "#/components/securitySchemes/userToken" }] },
    },
    channels: Object.fromEntries(channels),
    operations: Object.assign({}, ...CHANNELS.map((channel) => operationsOf(channel, contract, messages))),
    components: {
      securitySchemes: {
        userToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "The token of a user. Rooms that anybody may read take none.",
        },
      },
      messages: Object.fromEntries(
        messages.all.map(({ name, title, payload }) => [name, { name, title, payload }]),
      ),
      schemas: writer.components(),
    },
  };
}

const tableOf = (
  contract: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> => {
  const { [name]: table } = contract;
  return isRecord(table) ? table : {};
};

/** What a channel carries: a session also carries all of its rooms. */
function carried({ name }: Channel, messages: Messages): readonly string[] {
  return messages.all
    .filter(({ on }) => name === "session" || on !== "session")
    .map((message) => message.name);
}

function channelOf(
  channel: Channel,
  writer: SchemaWriter,
  contract: Readonly<Record<string, unknown>>,
  messages: Messages,
): JsonSchema {
  const { address, title, description, query } = channel;
  const fields = Object.assign({}, ...query.map((name) => tableOf(contract, name)));
  const names = carried(channel, messages).filter(
    (name) => name !== "sessionConnected" || channel.name === "session",
  );
  return {
    address,
    title,
    description,
    ...(address.includes("{room}") && {
      parameters: { room: { description: unwrapped(tableOf(contract, "PATH_PARAMETERS").room).doc } },
    }),
    messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: { ws: { method: "GET", query: writer.object(fields, "client") } },
  };
}

function operationsOf(
  channel: Channel,
  contract: Readonly<Record<string, unknown>>,
  messages: Messages,
): JsonSchema {
  const ref = (name: string) => ({ $ref: `#/channels/${channel.name}/messages/${name}` });
  const known = new Set(carried(channel, messages));
  const commands = Object.keys(tableOf(contract, channel.commands)).map((command) => {
    const operation = {
      action: "receive",
      channel: { $ref: `#/channels/${channel.name}` },
      title: `The server takes ${command}`,
      messages: [ref(`${command}Command`)],
      reply: {
        channel: { $ref: `#/channels/${channel.name}` },
        messages: [...messages.answers(command), "error"].filter((name) => known.has(name)).map(ref),
      },
    };
    return [`${channel.name}.${command}`, operation];
  });
  const told = messages.all.filter(({ name, by }) => by === "server" && known.has(name));
  return {
    ...Object.fromEntries(commands),
    [`${channel.name}.batch`]: {
      action: "receive",
      channel: { $ref: `#/channels/${channel.name}` },
      title: "The server takes several commands in one frame",
      messages: [ref("commandBatch")],
    },
    [`${channel.name}.tell`]: {
      action: "send",
      channel: { $ref: `#/channels/${channel.name}` },
      title: "What the server sends",
      messages: told
        .filter(({ name }) => channel.name === "session" || name !== "sessionConnected")
        .map(({ name }) => ref(name)),
    },
  };
}
