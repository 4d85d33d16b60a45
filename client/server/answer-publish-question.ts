import { isRecord, PUBLISH_QUESTION, type PublishQuestion, parseJson } from "../../src/protocol/index.ts";
import { fits } from "../util/wire.ts";
import { readSigned, type SignedRequest, untrusted } from "./signed-request.ts";
import type { Secrets, SignatureOptions } from "./verify-signature.ts";

/**
 * What becomes of a message. `pass`: it is stored as it is. `change`: `data` is stored in its place. `refuse`: it is not stored,
 * and its sender reads `message`, of at most 200 characters. `flag`: it is stored, and marked with a word of 1 to 64
 * characters, which all readers see.
 */
export type PublishDecision =
  | { readonly action: "pass" }
  | { readonly action: "change"; readonly data: unknown; readonly flag?: string }
  | { readonly action: "refuse"; readonly message?: string }
  | { readonly action: "flag"; readonly flag: string };

/** What to answer: `new Response(reply.body, reply)`, or in Express `response.status(reply.status).set(reply.headers).send(reply.body)`. */
export interface PublishReply {
  readonly status: number;
  readonly headers: { readonly "Content-Type": "application/json" };
  readonly body: string;
}

/**
 * Answers a request to `BEFORE_PUBLISH_URL`: checks its signature, and asks `decide` what becomes of the message that a
 * user wants to store (`send`) or to change (`edit`). `question.data` is what the user wrote: check it. Readers wait for
 * the answer, and the deployment gives up after a second unless it is set otherwise, so be quick.
 *
 * A request that is not signed, or is old, gets a reply of 401, and `decide` is not called. Rejects with what `decide`
 * throws, and with `bad_request` as {@link readWebhook} does; an answer other than 200 counts as none.
 *
 * @example
 * export async function POST(request: Request): Promise<Response> {
 *   const reply = await answerPublishQuestion(request, process.env.WEBHOOK_SECRET, ({ data }) =>
 *     JSON.stringify(data).includes("casino") ? { action: "refuse", message: "No advertising here." } : { action: "pass" },
 *   );
 *   return new Response(reply.body, reply);
 * }
 */
export async function answerPublishQuestion(
  request: SignedRequest,
  secret: Secrets,
  decide: (question: PublishQuestion) => PublishDecision | Promise<PublishDecision>,
  options?: SignatureOptions,
): Promise<PublishReply> {
  const signed = await readSigned(request, secret, options);
  if (!signed.ok) return reply(signed.status, { error: signed.reason });
  const question = parseJson(signed.text);
  if (isRecord(question) && fits(PUBLISH_QUESTION, question)) return reply(200, await decide(question));
  const { status, reason } = untrusted("unreadable");
  return reply(status, { error: reason });
}

const reply = (status: number, body: unknown): PublishReply => ({
  status,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});
