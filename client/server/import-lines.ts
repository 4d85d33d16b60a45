import { IMPORT_RESULT, type ImportResult, parseJson } from "../../src/protocol/index.ts";
import { answerOf, before } from "../http/http-call.ts";
import { readText } from "../http/read-text.ts";
import { offline, RoomsError, unreadable } from "../util/errors.ts";
import { query } from "../util/url.ts";
import { fits } from "../util/wire.ts";
import { type AnswerReader, type ReadableOf, readerOf } from "./answer-source.ts";
import { Deadline } from "./deadline.ts";
import { ExportedLines, type PortableOptions } from "./exported-lines.ts";
import type { ServerContext } from "./server-call.ts";
import { streamsBodies } from "./streams-bodies.ts";

/** A piece of an import: text or UTF-8 bytes as they stand in the file, or one line as an object. */
type ImportPiece = string | Uint8Array | object;

/** Where the lines of an import come from: an export, the stream of a file, or any iterable of its pieces or lines. */
export type ImportSource =
  | ExportedLines
  | ReadableOf<Uint8Array>
  | ReadableOf<string>
  | AsyncIterable<ImportPiece>
  | Iterable<ImportPiece>;

export interface ImportOptions extends PortableOptions {
  /**
   * `keep`: the log stays the one that it was, so clients go on with their cursors. Only where the room of the export is not
   * written to any more. Default: a new epoch.
   */
  readonly epoch?: "keep";
}

/** An import ends with `timeout` after so long in which the server has taken nothing, nor answered. */
const SILENT_MS = 60_000;

export async function importLines(
  { ports: { clock, fetch }, base, apiKey }: ServerContext,
  path: string,
  source: ImportSource,
  { epoch, signal: outer }: ImportOptions,
): Promise<ImportResult> {
  const ended = new AbortController();
  const { signal } = ended;
  const stop = () => ended.abort(outer?.reason);
  outer?.addEventListener("abort", stop);
  const late = () => ended.abort(new RoomsError("timeout", "The import stands still."));
  const silence = new Deadline(clock, late);
  const pieces = new ImportBody(readerOf<ImportPiece>(piecesOf(source)), () => silence.in(SILENT_MS));
  try {
    if (outer?.aborted) stop();
    const body = streamsBodies() ? pieces.stream : await before(signal, new Response(pieces.stream).blob());
    silence.in(SILENT_MS);
    const headers = {
      ...(apiKey !== null && { Authorization: `Bearer ${apiKey}` }),
      "Content-Type": "application/x-ndjson",
    };
    const init = { method: "POST", headers, body, redirect: "manual", signal, duplex: "half" } as const;
    const url = base.replace(/^ws/, "http") + path + query({ epoch });
    const response = await before(signal, fetch(url, init));
    const answer = answerOf(response, parseJson(await before(signal, readText(response))));
    if (!answer.ok) throw answer.error;
    if (!fits(IMPORT_RESULT, answer.value)) throw unreadable();
    return answer.value;
  } catch (cause) {
    if (pieces.failure !== undefined) throw pieces.failure.error;
    if (signal.aborted) throw signal.reason;
    throw cause instanceof RoomsError ? cause : offline("The server could not be reached.", cause);
  } finally {
    silence.cancel();
    outer?.removeEventListener("abort", stop);
    void pieces.cancel();
    ended.abort();
  }
}

/** An export passes on what it does not know. A text is an iterable of its characters. */
const piecesOf = (source: ImportSource | string) => {
  if (source instanceof ExportedLines) return source.bytes();
  return typeof source === "string" ? [source] : source;
};

/** The body of an import: a piece is read when the one before it was taken. */
class ImportBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #reader: AnswerReader<ImportPiece>;
  /** The source has failed: that says more than how the request ended. */
  failure: { readonly error: unknown } | undefined;

  constructor(reader: AnswerReader<ImportPiece>, taken: () => void) {
    this.#reader = reader;
    const encoder = new TextEncoder();
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const piece = await reader.read().catch((error: unknown) => {
        this.failure = { error };
        throw error;
      });
      taken();
      if (piece === undefined) controller.close();
      else if (piece instanceof Uint8Array) controller.enqueue(piece);
      else
        controller.enqueue(encoder.encode(typeof piece === "string" ? piece : `${JSON.stringify(piece)}\n`));
    };
    this.stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}
