// The API key, until the tab is closed or the operator signs out. Where the browser blocks storage, until a reload.

const NAME = "edge-rooms.admin-key";

export const keptKey = {
  get() {
    try {
      return sessionStorage.getItem(NAME) ?? undefined;
    } catch {
      return undefined;
    }
  },
  /** @param {string | undefined} key */
  set(key) {
    try {
      if (key === undefined) sessionStorage.removeItem(NAME);
      else sessionStorage.setItem(NAME, key);
    } catch {
      // Blocked.
    }
  },
};
