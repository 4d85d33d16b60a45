// What the server calls at the deployer's back end, as the part `webhooks` of OpenAPI 3.1.

import type { JsonSchema } from "./atom-schemas.ts";
import type { SchemaWriter } from "./schema-writer.ts";

/** Each request has it, and no other proof of where it comes from. */
const SIGNATURE = {
  name: "Edge-Rooms-Signature",
  in: "header",
  required: true,
  description:
    "`t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` with `WEBHOOK_SECRET`. Check it over the raw body.",
  schema: { type: "string", pattern: "^t=[0-9]+,v1=[0-9a-f]{64}$" },
} as const;

const json = (schema: JsonSchema) => ({ "application/json": { schema } });

export function openApiWebhooks(
  contract: Readonly<Record<string, unknown>>,
  writer: SchemaWriter,
): Readonly<Record<string, JsonSchema>> {
  const call = (operationId: string, summary: string, description: string, body: string) => ({
    ...{ operationId, summary, description, security: [], parameters: [SIGNATURE] },
    requestBody: { required: true, content: json(writer.write(contract[body], "server")) },
  });
  const events = call(
    "receiveEvents",
    "Events of one room or of one inbox, in order",
    "`WEBHOOK_URL` gets it. Each event comes at least once: the same one has the same `id`.",
    "WEBHOOK_BODY",
  );
  const question = call(
    "judgeMessage",
    "A user wants to store a message, or to change one",
    "`BEFORE_PUBLISH_URL` gets it, and has to answer within `BEFORE_PUBLISH_TIMEOUT_MS`.",
    "PUBLISH_QUESTION",
  );
  return {
    events: {
      post: {
        ...events,
        responses: {
          "2XX": { description: "Taken, whatever the body says." },
          default: { description: "Not taken: it comes again later." },
        },
      },
    },
    beforePublish: {
      post: {
        ...question,
        responses: {
          "2XX": {
            description: "What becomes of the message.",
            content: json(writer.write(contract.PUBLISH_ANSWER, "client")),
          },
          default: { description: "No answer: the topic of the message decides." },
        },
      },
    },
  };
}
