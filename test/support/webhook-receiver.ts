// A back end that is told what happens, on a port of this machine. It checks signatures as a deployer would, and bodies
// against the OpenAPI document; and keeps each event once, as they arrived.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { verifySignature } from "../../client/server/verify-signature.ts";
import document from "../../src/http/openapi.json" with { type: "json" };
import type { WebhookEvent } from "../../src/protocol/index.ts";
import { JsonSchemas } from "./contract/json-schemas.ts";

const schemas = new JsonSchemas(document);

/** What it answers: a status, or what it does itself. */
export type ReceiverAnswer = number | ((response: ServerResponse) => void);

export const WEBHOOK_SECRET = "a-webhook-secret-of-the-tests-that-is-long-enough";

export class WebhookReceiver {
  readonly port: number;
  /** Of those that were answered with 2xx, each `id` once. */
  readonly events: WebhookEvent[] = [];
  /** The ids of each request, also of those that it refused. */
  readonly requests: (readonly string[])[] = [];
  readonly faults: string[] = [];
  readonly #ids = new Set<string>();
  #server = createServer();
  #answer: ReceiverAnswer = 204;

  constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks`;
  }

  start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch((error: unknown) => this.faults.push(String(error)));
    });
    this.#server.once("error", reject);
    this.#server.listen(this.port, "127.0.0.1", resolve);
    return promise;
  }

  /** Nothing listens on the port any more. */
  stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    return promise;
  }

  answerWith(answer: ReceiverAnswer): void {
    this.#answer = answer;
  }

  /** What arrived of a room, in order. */
  of(room: string): readonly WebhookEvent[] {
    return this.events.filter((event) => "room" in event && event.room === room);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (!(await verifySignature(request.headers["edge-rooms-signature"], body, WEBHOOK_SECRET)))
      this.faults.push("a signature that does not fit");
    const told: { events: WebhookEvent[] } = JSON.parse(body.toString());
    const problem = schemas.problem("WebhookBody", told);
    if (problem !== undefined) this.faults.push(`a body that is not in the documents: ${problem}`);
    const { events } = told;
    this.requests.push(events.map(({ id }) => id));
    const answer = this.#answer;
    if (typeof answer === "function") return answer(response);
    if (answer >= 200 && answer < 300) this.#keep(events);
    response.writeHead(answer).end();
  }

  #keep(events: readonly WebhookEvent[]): void {
    for (const event of events) {
      if (this.#ids.has(event.id)) continue;
      this.#ids.add(event.id);
      this.events.push(event);
    }
  }
}
