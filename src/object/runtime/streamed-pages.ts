import { withinMs } from "./within-ms.ts";

/** The next page of an answer; `undefined`: that was all. A page that throws breaks the answer off. */
export type NextPage = () => string | undefined | Promise<string | undefined>;

/** A reader who does not take a page for so long has stalled, in milliseconds: the object would be awake for nothing. */
const STALLED_MS = 60_000;
const STALLED = "stalled";

/**
 * An answer that is made page by page, the next one when the one before was read. `waitUntil` keeps the object awake until
 * then; `failed` hears why it broke off, unless its reader has gone.
 */
export function streamedPages(
  next: NextPage,
  { waitUntil, failed }: { waitUntil(work: Promise<unknown>): void; failed(error: unknown): void },
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const nextOf = async () => {
    try {
      return await next();
    } catch (error) {
      failed(error);
      throw error;
    }
  };
  /** Settles when the reader has taken it. */
  const taken = async (written: Promise<void>) => {
    if ((await withinMs(STALLED_MS, written, STALLED)) !== STALLED) return;
    const error = new Error(`the reader took nothing for ${STALLED_MS / 1_000} s`);
    failed(error);
    throw error;
  };
  const run = async () => {
    for (let page = await nextOf(); page !== undefined; page = await nextOf())
      if (page !== "") await taken(writer.write(encoder.encode(page)));
    await taken(writer.close());
  };
  waitUntil(run().catch((error: unknown) => writer.abort(error).catch(() => {})));
  return readable;
}
