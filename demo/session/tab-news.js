// @ts-check
// What one tab changed over HTTP, told to this user's other tabs of this browser: no socket tells of it.

/** @typedef {"rooms" | "preferences"} News */
/** @typedef {ReturnType<typeof openTabNews>} TabNews */

/** @param {() => string | undefined} self */
export function openTabNews(self) {
  const channel = new BroadcastChannel("edge-rooms");

  return {
    /** @param {News} news */
    tell: (news) => channel.postMessage({ user: self(), news }),
    /**
     * @param {News} news
     * @param {() => void} fn
     */
    on: (news, fn) =>
      channel.addEventListener("message", ({ data }) => {
        if (data.user === self() && data.news === news) fn();
      }),
    close: () => channel.close(),
  };
}
