/** What is lost: each frame, and each request or answer over HTTP, by chance (`rate`), or the `next` ones. */
export interface LossOptions {
  /** The probability, from 0 to 1. It holds until it is set again. */
  readonly rate?: number;
  /** So many of the next ones. Default 0. */
  readonly next?: number;
  /** `toServer`: what clients send. `toClient`: what they are sent, so that it was done but they do not know. Default: both. */
  readonly direction?: Direction;
}

export type Direction = "toServer" | "toClient";
