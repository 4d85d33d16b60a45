// @ts-check
// What the page keeps between visits. Where storage is blocked it keeps nothing, and all else works.

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
  /**
   * @param {string} key
   * @param {string | undefined} value
   */
  set(key, value) {
    try {
      if (value === undefined) storage().removeItem(PREFIX + key);
      else storage().setItem(PREFIX + key, value);
    } catch {
      // Blocked or full.
    }
  },
});

/** On this device. */
export const onDevice = remembered(() => localStorage);

/** In this tab, until it is closed: two tabs may be two people. */
export const inTab = remembered(() => sessionStorage);
