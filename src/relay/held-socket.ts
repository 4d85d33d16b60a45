import type { SharedFrame } from "../object/shared-frame.ts";
import type { SocketPort } from "../object/socket-port.ts";
import type { RoomConnectionState } from "../room/people/room-connection.ts";
import type { RelayPosition } from "../room/relays/relay-calls.ts";

/** What the attachment of a socket at a relay holds. */
export interface KeptState extends RoomConnectionState {
  /** Where the relay is, at a few of its sockets. */
  readonly at?: RelayPosition;
}

/** The socket of a connection at a relay. Until the room has let it in, what it is sent waits here. */
export class HeldSocket implements SocketPort {
  readonly savesForFree = true;
  #port: SocketPort | undefined;
  #waiting: string[] = [];
  #state: RoomConnectionState | null = null;
  #at: RelayPosition | undefined;
  #closing: { readonly code: number; readonly reason: string } | undefined;

  /** From here on it is a socket. */
  attach(port: SocketPort): void {
    this.#port = port;
    this.#write();
    for (const frame of this.#waiting) port.send(frame);
    this.#waiting = [];
    if (this.#closing !== undefined) port.close(this.#closing.code, this.#closing.reason);
  }

  send(frame: string): void {
    if (this.#port === undefined) this.#waiting.push(frame);
    else this.#port.send(frame);
  }

  sendBytes(frame: SharedFrame): void {
    if (this.#port === undefined) this.#waiting.push(frame.text);
    else this.#port.sendBytes(frame);
  }

  close(code: number, reason: string): void {
    if (this.#port === undefined) this.#closing ??= { code, reason };
    else this.#port.close(code, reason);
  }

  save(state: RoomConnectionState | null): void {
    this.#state = state;
    this.#write();
  }

  /** It keeps where the relay is; `undefined`: no more. */
  keep(at: RelayPosition | undefined): void {
    this.#at = at;
    this.#write();
  }

  unsentBytes(): number {
    return this.#port?.unsentBytes() ?? this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  heartbeatAt(): number | null | "elsewhere" {
    return this.#port?.heartbeatAt() ?? null;
  }

  #write(): void {
    const state = this.#state;
    this.#port?.save(state === null || this.#at === undefined ? state : { ...state, at: this.#at });
  }
}
