// @ts-check
// What can be done with a room in the side bar.

/** @typedef {import("./followed-rooms.js").ListedRoom} ListedRoom */
/** @typedef {import("../ui/popup.js").MenuItem} MenuItem */

/**
 * @param {import("./followed-rooms.js").FollowedRooms} rooms
 * @param {import("../session/preferences.js").PreferenceKeeper} preferences
 * @param {{ attempt(done: Promise<unknown>, words?: string): void, onUnfollow(name: string): void }} page
 * @returns {(room: ListedRoom) => MenuItem[]}
 */
export const createRoomMenu = (rooms, preferences, { attempt, onUnfollow }) =>
  function menuOf({ name, unread, muted }) {
    const isOnly = rooms.list().every((other) => other.name === name);
    return [
      ...(unread > 0 ? [{ label: "Mark as read", onPick: () => attempt(rooms.markRead(name)) }] : []),
      {
        label: muted ? "Unmute mentions" : "Mute mentions",
        onPick: () => attempt(preferences.muteRoom(name, !muted)),
      },
      // Somewhere one has to be.
      ...(isOnly
        ? []
        : [
            {
              label: "Unfollow",
              look: "danger",
              onPick() {
                onUnfollow(name);
                attempt(rooms.unfollow(name), `You follow ${name} no more.`);
              },
            },
          ]),
    ];
  };
