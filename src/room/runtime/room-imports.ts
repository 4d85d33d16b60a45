// The import of a room: reads the body, and has each piece written before it reads the next one. While it is under way the
// object refuses calls and connections; whatever its end, the room is opened anew after it.

import { SERVER } from "../../access/identity.ts";
import { randomEpoch } from "../../object/runtime/random-id.ts";
import { withinMs } from "../../object/runtime/within-ms.ts";
import {
  accept,
  type ImportResult,
  type Outcome,
  type Refusal,
  type RoomExportLine,
  refuse,
  reject,
  type Scheduled,
} from "../../protocol/index.ts";
import { abandonImport } from "../log/abandon-import.ts";
import { UserRecords } from "../people/user-records.ts";
import { readFirst } from "../portable/import-check.ts";
import { atLine, RoomImport } from "../portable/room-import.ts";
import { ExportLines, type NumberedLine } from "./export-lines.ts";
import type { RoomRuntime } from "./room-runtime.ts";

export const IMPORTING = refuse("overloaded", "a log is being imported into this room", {
  retryAfterMs: 2_000,
});
const HAS_LOG = refuse(
  "bad_request",
  "this room has a log, and an import takes a room without one: another name, or a room that was purged",
);
const NO_END = refuse(
  "bad_request",
  "the last line is not of type end: the export or this body was broken off",
);
const MISSING = refuse("bad_request", "the body is missing: send the lines of an export");
const BROKEN_OFF = refuse("bad_request", "the body broke off, or is not framed as HTTP says");

/** Nothing of a body came for so long, in milliseconds: the room refuses everybody meanwhile. */
const STALLED_MS = 60_000;
const STALLED = refuse("bad_request", `nothing of the body came for ${STALLED_MS / 1_000} s`);

/** After so many lines what was written is waited for: what is not on disk yet is in memory. */
const SYNC_LINES = 1_000;

export interface RoomImportsPorts {
  /** The log is about to be written: a room whose object dies meanwhile must wake by itself. */
  begun(): Promise<void>;
  /** Settles when all writes are durable. */
  sync(): Promise<void>;
}

interface ImportRun {
  readonly live: RoomRuntime;
  readonly keepsEpoch: boolean;
  /** `undefined` before the first line. */
  importing: RoomImport | undefined;
}

export class RoomImports {
  readonly #ports: RoomImportsPorts;
  #isUnderWay = false;

  constructor(ports: RoomImportsPorts) {
    this.#ports = ports;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** `keepsEpoch`: the log keeps the epoch that the file has. `ended` is called in the turn in which an import ends. */
  async run(
    live: RoomRuntime,
    keepsEpoch: boolean,
    body: ReadableStream<Uint8Array>,
    ended: () => void,
  ): Promise<Outcome<ImportResult>> {
    const lines = new ExportLines(body);
    const run: ImportRun = { live, keepsEpoch, importing: undefined };
    try {
      const refusal = await this.#readAll(lines, (line) => this.#take(run, line));
      if (refusal !== undefined) return reject(refusal);
      if (run.importing === undefined) return reject(MISSING);
      if (!run.importing.isOver) return reject(NO_END);
      const result = run.importing.finish(Date.now());
      run.importing = undefined;
      this.#isUnderWay = false;
      ended();
      return accept(result);
    } finally {
      if (run.importing !== undefined) {
        abandonImport(live.database);
        this.#isUnderWay = false;
        ended();
      }
      await lines.cancel();
    }
  }

  async #take(run: ImportRun, { number, line }: NumberedLine): Promise<Refusal | undefined> {
    if (!line.ok) return atLine(number, line.refusal);
    const refusal =
      run.importing === undefined ? await this.#begin(run, line.value) : run.importing.take(line.value);
    return refusal === HAS_LOG || refusal === IMPORTING ? refusal : refusal && atLine(number, refusal);
  }

  async #readAll(
    lines: ExportLines,
    take: (line: NumberedLine) => Promise<Refusal | undefined>,
  ): Promise<Refusal | undefined> {
    let written = 0;
    while (!lines.isDone) {
      const read = lines.read().catch(() => BROKEN_OFF);
      const piece = await withinMs(STALLED_MS, read, STALLED);
      if ("code" in piece) return piece;
      for (const line of piece) {
        const refusal = await take(line);
        if (refusal !== undefined) return refusal;
      }
      written += piece.length;
      if (written < SYNC_LINES) continue;
      written = 0;
      await this.#ports.sync();
    }
    return undefined;
  }

  /** The first line. Closes all connections, in the turn from which on none opens. */
  async #begin(run: ImportRun, line: RoomExportLine): Promise<Refusal | undefined> {
    const { live, keepsEpoch } = run;
    const first = readFirst(line, keepsEpoch);
    if (!first.ok) return first.refusal;
    const begun = await live.call(SERVER, 0, (room, turn) => {
      const { log, connections, settings } = room;
      if (this.#isUnderWay) return reject(IMPORTING);
      if (log.head > 0) return reject(HAS_LOG);
      const { database } = live;
      const users = new UserRecords(database.sql);
      const schedule = (waiting: Scheduled) =>
        room.time.schedule.restore(waiting, turn.now, live.asksBackEnd);
      const rules = { database, settings, users, messages: log.messages, schedule };
      run.importing = new RoomImport(rules, first.value, { epoch: keepsEpoch ? undefined : randomEpoch() });
      this.#isUnderWay = true;
      room.closedFor = IMPORTING;
      connections.expel("everybody", { closing: IMPORTING }, "left", turn);
      return accept(undefined);
    });
    if (!begun.ok) return begun.refusal;
    await this.#ports.begun();
    return undefined;
  }
}
