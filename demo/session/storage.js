// What the page remembers. Where the browser blocks storage it remembers nothing, and everything else works.

const PREFIX = "edge-rooms.";

/** @param {() => Storage} storage */
const remembered = (storage) => ({
  /** @param {string} key */
  get(key) {
    try {
      return storage().getItem(PREFIX + key) ?? undefined;
    } catch {
      return undefined;
    }
  },
  /** @param {string} key @param {string | undefined} value */
  set(key, value) {
    try {
      if (value === undefined) storage().removeItem(PREFIX + key);
      else storage().setItem(PREFIX + key, value);
    } catch {
      // Blocked or full.
    }
  },
});

export const onDevice = remembered(() => localStorage);

/** Until the tab is closed: two tabs may be two users. */
export const inTab = remembered(() => sessionStorage);
