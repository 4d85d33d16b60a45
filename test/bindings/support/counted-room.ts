import type { RoomHandle } from "../../../client/index.ts";

/** The same room, with a count of who is subscribed to it. */
export function countedRoom(room: RoomHandle) {
  let [live, ever] = [0, 0];
  const subscribe: RoomHandle["subscribe"] = (fn) => {
    const stop = room.subscribe(fn);
    let isLive = true;
    live += 1;
    ever += 1;
    return () => {
      if (isLive) live -= 1;
      isLive = false;
      stop();
    };
  };
  const counted: RoomHandle = Object.create(room, { subscribe: { value: subscribe } });
  return { room: counted, live: () => live, ever: () => ever };
}
