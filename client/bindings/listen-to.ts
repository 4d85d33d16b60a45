import type { AnyRoom, ConnectionState } from "../index.ts";

type Cancel = () => void;

/**
 * Listens to a room by `listen`, for good: a peeked room that was left is another room when it opens again, so `listen` is
 * called again then, and `onLeft` after it.
 */
export function listenTo(room: AnyRoom, listen: () => Cancel, onLeft = () => {}): Cancel {
  const begin = () => [listen(), room.on("state", onState)];
  const end = () => {
    for (const stop of stops) stop();
  };
  let stops = begin();
  function onState({ status }: ConnectionState): void {
    if (status !== "disconnected") return;
    end();
    stops = begin();
    onLeft();
  }
  return end;
}
