// What the client needs of the platform. Apps get `system-ports.ts`, tests have their own.

export type Cancel = () => void;

export interface Clock {
  /** The wall time in milliseconds since 1970, for instants that are shown. It may be set back or forth at any moment. */
  now(): number;
  /** Milliseconds since some moment. It is never set, so it alone measures durations. */
  elapsed(): number;
  /** `isIdle`: the timer alone keeps no process running. */
  after(delayMs: number, fn: () => void, isIdle?: boolean): Cancel;
}

export interface SocketEvents {
  /** First, and never for a socket that does not open. */
  onOpen(): void;
  onText(text: string): void;
  /** Once, also for a socket that never opened. */
  onClose(code: number, reason: string): void;
}

export interface Socket {
  /**
   * Bytes that it adds to each text.
   *
   * @default 0
   */
  readonly overheadBytes?: number;
  send(text: string): void;
  /** With 1000, a socket that is not open yet is closed as soon as it is: the server then knows that it was left. */
  close(code: number): void;
}

export interface Ports {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  random(): number;
  newId(): string;
  /** Throws where the address or the token cannot be used. */
  dial(url: string, protocols: string[], events: SocketEvents): Socket;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /**
   * Calls `fn` when a connection has become more likely to succeed, and one that is open may have died unnoticed.
   * `isCrowd`: others, who have the same network, hear of it in the same moment. `agoMs`: how long ago that may be.
   */
  onWake(fn: (isCrowd: boolean, agoMs?: number) => void): Cancel;
  /** Calls `fn` when no connection can go on: the network is gone, or the page will stand still. `why` is for people. */
  onSuspend(fn: (why: string) => void): Cancel;
  /** Whether nobody sees the page. When it is seen again, that is a wake. Left out: there is none. */
  isHidden?(): boolean;
  /** What a tab remembers across reloads. To write may throw. */
  readonly tabStore: Record<string, string | undefined>;
  /** The origin of the page; `undefined` outside browsers. */
  readonly origin: string | undefined;
}
