// What the core needs of the world around it. Tests pass their own; apps get `system-ports.ts`.

export type Cancel = () => void;

export interface Clock {
  now(): number;
  after(delayMs: number, fn: () => void): Cancel;
}

export interface SocketEvents {
  /** Before anything else, and not where the socket never opened. */
  onOpen(): void;
  onText(text: string): void;
  /** Once, also when the socket never opened. */
  onClose(code: number, reason: string): void;
}

export interface Socket {
  /** What it adds to each text, in bytes. Default 0. */
  readonly overheadBytes?: number;
  send(text: string): void;
  close(code: number): void;
}

export interface Ports {
  readonly clock: Clock;
  /** 0 up to, not including, 1. */
  random(): number;
  newId(): string;
  /** Throws where address or token cannot be used at all. */
  dial(url: string, protocols: string[], events: SocketEvents): Socket;
  /** As of the platform. Tests answer themselves. */
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Calls `fn` whenever a connection is likelier to succeed than a moment ago. */
  onWake(fn: () => void): Cancel;
  /** Of the page; `undefined` outside browsers. */
  readonly origin: string | undefined;
}
