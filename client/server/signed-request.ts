import { RoomsError } from "../util/errors.ts";
import { type Secrets, type SignatureOptions, stateOfSignature } from "./verify-signature.ts";

/** A request of `fetch` handlers: of Workers, Deno, Bun, Next.js route handlers. */
interface RequestOfFetch {
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A request of Node, such as that of Express behind `express.raw({ type: "*" })`, with its body as it arrived. */
interface RequestOfNode {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The raw body: text or bytes. */
  readonly body?: unknown;
}

/**
 * A request that the deployment has signed, as it arrived: a `Request` whose body nobody has read, or an object of headers and
 * the raw body, as the requests of Express and Fastify are where no parser has read the body.
 */
export type SignedRequest = RequestOfFetch | RequestOfNode;

/**
 * Why a request is not to be trusted. `unsigned`: the signature is missing, or was made with another secret or over another
 * body. `old`: it was made with the secret more than five minutes ago, so somebody has recorded and sent it again, or a
 * clock is wrong. `unreadable`: it is signed, and its body has another form, as that of a newer server may have. `status`
 * is what to answer.
 */
export interface UntrustedRequest {
  readonly ok: false;
  readonly reason: "unsigned" | "old" | "unreadable";
  readonly status: 400 | 401;
}

/** What a signed request says, as text. Rejects with `bad_request` where its raw body is not there any more. */
export async function readSigned(
  request: SignedRequest,
  secret: Secrets,
  options?: SignatureOptions,
): Promise<{ readonly ok: true; readonly text: string } | UntrustedRequest> {
  const body = await rawBody(request);
  const state = await stateOfSignature(headerOf(request), body, secret, options);
  if (state !== "valid") return untrusted(state === "old" ? "old" : "unsigned");
  return { ok: true, text: typeof body === "string" ? body : new TextDecoder().decode(body) };
}

export const untrusted = (reason: UntrustedRequest["reason"]): UntrustedRequest => ({
  ok: false,
  reason,
  status: reason === "unreadable" ? 400 : 401,
});

const isOfFetch = (request: SignedRequest): request is RequestOfFetch => "arrayBuffer" in request;

const HEADER = "edge-rooms-signature";

const headerOf = (request: SignedRequest) =>
  isOfFetch(request) ? request.headers.get(HEADER) : request.headers[HEADER];

async function rawBody(request: SignedRequest): Promise<string | Uint8Array> {
  if (isOfFetch(request)) {
    const buffer = await request.arrayBuffer().catch((cause: unknown) => {
      throw missing(cause);
    });
    return new Uint8Array(buffer);
  }
  const { body = "", headers } = request;
  // Where no reader has taken it, there is no body on the request, and its signature would seem to be wrong.
  if (body === "" && Number(headers["content-length"] ?? 0) > 0) throw missing();
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  throw missing();
}

const missing = (cause?: unknown) =>
  new RoomsError(
    "bad_request",
    "The raw body is needed: nobody has read it yet, or another reader has taken or parsed it before.",
    {
      cause,
    },
  );
