// What is exported: lines that are read as they come, so that neither side holds all of it.

import { type Fields, type InferTable, isRecord, parseJson } from "../../src/protocol/index.ts";
import { answerOf, before, bounded } from "../http/http-call.ts";
import { readText } from "../http/read-text.ts";
import { isTemporary, offline, RoomsError, unreadable } from "../util/errors.ts";
import { fits } from "../util/wire.ts";
import { readerOf } from "./answer-source.ts";
import { Deadline } from "./deadline.ts";
import { linesOf } from "./lines-of.ts";
import { type ServerContext, TRY_TIMEOUT_MS, type Try, untilDone } from "./server-call.ts";

/** Bounds an export or an import, which takes as long as it is large. */
export interface PortableOptions {
  /** Aborting it ends the call: it rejects with the `reason` of the signal, as `fetch` does. */
  readonly signal?: AbortSignal;
}

/** An export ends with `timeout` after so long without a byte. */
const SILENT_MS = 60_000;

type LineTable = Readonly<Record<string, Fields>>;

/** An answer whose body is being read. */
interface Opened {
  readonly body: ReadableStream<Uint8Array>;
  /** Ends it. */
  readonly end: AbortController;
}

/**
 * An export: lines, the last of which has the `type` `end`. Each time that it is read it is made anew, by one request. It
 * is tried again until its first line; where it breaks off after that, or stands still for a minute, it rejects with
 * `offline` or `timeout`: begin anew.
 *
 * @example
 * for await (const line of server.room("project_123").export()) if (line.type === "message") archive.push(line.message);
 */
export class ExportedLines<Table extends LineTable = LineTable> implements AsyncIterable<InferTable<Table>> {
  readonly #context: ServerContext;
  readonly #path: string;
  readonly #table: Table;
  readonly #signal: AbortSignal | undefined;

  constructor(context: ServerContext, path: string, table: Table, { signal }: PortableOptions) {
    this.#context = context;
    this.#path = path;
    this.#table = table;
    this.#signal = signal;
  }

  /** Line by line, checked. Lines of a type that only a newer server has are left out: {@link bytes} has them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<InferTable<Table>, void> {
    for await (const text of this.#lines()) {
      const line = parseJson(text);
      const schema = isRecord(line) ? this.#table[String(line.type)] : undefined;
      if (schema === undefined) continue;
      if (!isLine(this.#table, schema, line)) throw unreadable();
      yield line;
    }
  }

  /**
   * The same as bytes, each line with a line feed: for a file, a bucket or an import. The stream fails where the export breaks
   * off, so what is stored of it whole is whole.
   *
   * @example
   * const backup = new Response(server.room("project_123").export().bytes());
   * await fetch("https://backups.example.com/project_123", { method: "PUT", body: await backup.blob() });
   */
  bytes(): ReadableStream<Uint8Array> {
    const lines = this.#lines();
    const encoder = new TextEncoder();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value}\n`));
      },
      async cancel() {
        await lines.return();
      },
    });
  }

  /** Rejects where the last one does not say that it is. */
  async *#lines(): AsyncGenerator<string, void> {
    const { clock } = this.#context.ports;
    const { body, end } = await untilDone(this.#context, this.#options, (signal) => this.#open(signal));
    const stop = () => end.abort(this.#signal?.reason);
    this.#signal?.addEventListener("abort", stop);
    const silence = new Deadline(clock, () =>
      end.abort(new RoomsError("timeout", "The export stands still.")),
    );
    silence.in(SILENT_MS);
    const reader = readerOf<Uint8Array>(body);
    let last: string | undefined;
    try {
      if (this.#signal?.aborted) stop();
      const lines = linesOf(
        () => before(end.signal, reader.read()),
        () => silence.in(SILENT_MS),
      );
      for await (const line of lines) {
        if (line === "") continue;
        // Whoever reads may take its time.
        silence.cancel();
        yield line;
        silence.in(SILENT_MS);
        last = line;
      }
    } catch (cause) {
      throw end.signal.aborted ? end.signal.reason : offline("The export broke off.", cause);
    } finally {
      silence.cancel();
      this.#signal?.removeEventListener("abort", stop);
      void reader.cancel();
      end.abort();
    }
    const line = parseJson(last ?? "");
    if (!isRecord(line) || line.type !== "end") throw offline("The export broke off.");
  }

  get #options() {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }

  /** One try. */
  async #open(outer: AbortSignal): Promise<Try<Opened>> {
    const { ports, base, apiKey } = this.#context;
    const end = new AbortController();
    const time = bounded(ports.clock, TRY_TIMEOUT_MS, [outer]);
    const stop = () => end.abort(time.signal.reason);
    time.signal.addEventListener("abort", stop);
    try {
      const headers = { ...(apiKey !== null && { Authorization: `Bearer ${apiKey}` }) };
      const init: RequestInit = { headers, redirect: "manual", signal: end.signal };
      const url = base.replace(/^ws/, "http") + this.#path;
      const response = await before(time.signal, ports.fetch(url, init));
      if (response.ok && response.body !== null) return { done: true, value: { body: response.body, end } };
      const answer = answerOf(response, parseJson(await before(time.signal, readText(response))));
      const error = answer.ok ? unreadable() : answer.error;
      if (!isTemporary(error)) throw error;
      return { done: false, error };
    } catch (error) {
      if (outer.aborted) throw outer.reason;
      if (time.signal.aborted) return { done: false, error: time.signal.reason };
      if (error instanceof RoomsError) throw error;
      return { done: false, error: offline("The server could not be reached.", error) };
    } finally {
      time.signal.removeEventListener("abort", stop);
      time.done();
    }
  }
}

const isLine = <Table extends LineTable>(
  _: Table,
  schema: Fields,
  line: unknown,
): line is InferTable<Table> => fits(schema, line);
