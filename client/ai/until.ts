import { RoomsError } from "../index.ts";
import type { ChatRoom } from "./chat-room.ts";

const letGo = (): DOMException => new DOMException("The chat let go.", "AbortError");

/** As `promise`, but rejects as soon as the signal is aborted: what it stands for goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(letGo());
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal?.removeEventListener("abort", stop));
  });
}

/** Resolves when it is so, and rejects when the room ended for good or the signal is aborted. */
export function until(room: ChatRoom, isSo: () => boolean, signal: AbortSignal | undefined): Promise<void> {
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
  return unlessAborted(waiting, signal).finally(release);
}
