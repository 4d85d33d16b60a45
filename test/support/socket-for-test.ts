// A socket that keeps what it was sent. A new way to look at it is a getter here.

import type { SharedFrame } from "../../src/object/shared-frame.ts";
import type { SocketPort } from "../../src/object/socket-port.ts";
import { eventsIn, isRecord } from "../../src/protocol/index.ts";

export type Sent = { readonly type: string } & Readonly<Record<string, unknown>>;

const isSent = (value: unknown): value is Sent => isRecord(value) && typeof value.type === "string";

export class SocketForTest implements SocketPort {
  readonly frames: string[] = [];
  savesForFree = true;
  /** What came as bytes. */
  readonly bytes: SharedFrame[] = [];
  /** The results of `mark` for each frame. */
  readonly marks: unknown[] = [];
  readonly #mark: (() => unknown) | undefined;
  closed: { readonly code: number; readonly reason: string } | undefined;
  attachment: unknown;
  pingedAt: number | null | "elsewhere" = null;
  unsent = 0;

  constructor(mark?: () => unknown) {
    this.#mark = mark;
  }

  send(frame: string): void {
    if (this.closed !== undefined) return;
    this.frames.push(frame);
    if (this.#mark !== undefined) this.marks.push(this.#mark());
  }

  sendBytes(frame: SharedFrame): void {
    if (this.closed === undefined) this.bytes.push(frame);
    this.send(frame.text);
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason };
  }

  save(state: unknown): void {
    this.attachment = structuredClone(state);
  }

  unsentBytes(): number {
    return this.unsent;
  }

  heartbeatAt(): number | null | "elsewhere" {
    return this.pingedAt;
  }

  /** Every event that it was sent, out of its batches. */
  get events(): Sent[] {
    return this.frames.flatMap((frame) => {
      const parsed: Sent = JSON.parse(frame);
      return parsed.type === "batch" ? eventsIn(parsed).filter(isSent) : [parsed];
    });
  }

  ofType(type: string): Sent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** What came since the last call. */
  take(): Sent[] {
    const events = this.events;
    this.frames.length = 0;
    return events;
  }
}
