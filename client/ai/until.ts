import { RoomsError } from "../index.ts";
import type { ChatRoom } from "./chat-room.ts";

const letGo = (): DOMException => new DOMException("The chat let go.", "AbortError");

export type Signals = readonly (AbortSignal | undefined)[];

/** As `promise`, but rejects as soon as one of the signals is aborted: what it stands for goes on. */
export function unlessAborted<T>(promise: Promise<T>, signals: Signals): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(letGo());
    for (const signal of signals) {
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop);
    }
    promise.then(resolve, reject).finally(() => {
      for (const signal of signals) signal?.removeEventListener("abort", stop);
    });
  });
}

/** Resolves when it is so, and rejects when the room ended for good or a signal is aborted. */
export function until(room: ChatRoom, isSo: () => boolean, signals: Signals): Promise<void> {
  let release = () => {};
  let wasOpen = false;
  const waiting = new Promise<void>((resolve, reject) => {
    const look = () => {
      const { error, status } = room.getSnapshot().state;
      if (isSo()) resolve();
      else if (status !== "disconnected") wasOpen = true;
      else if (wasOpen || error !== undefined)
        reject(error ?? new RoomsError("closed", "The room was left."));
    };
    release = room.subscribe(look);
    look();
  });
  return unlessAborted(waiting, signals).finally(release);
}
