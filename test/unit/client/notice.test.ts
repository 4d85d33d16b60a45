import { describe, expect, it } from "vitest";
import { clickTarget, noticeOf } from "../../../client/service-worker/notice.ts";

const PAGE = "https://app.example.com/rooms/";

describe("what the service worker shows", () => {
  it("[U27] is the notification; a repeat replaces what is shown", () => {
    const notification = { title: "Build", body: "done", tag: "b-1", navigate: "/b/1", app_badge: "4" };
    const notice = (more: object = {}) =>
      noticeOf(JSON.stringify({ web_push: 8030, notification: { ...notification, ...more } }));
    expect(notice()).toEqual({
      title: "Build",
      options: {
        ...{ body: "done", tag: "b-1", requireInteraction: false, silent: false },
        data: { edgeRoomsLink: "/b/1" },
      },
      unread: 4,
    });
    expect(notice({ requireInteraction: true }).options.requireInteraction).toBe(true);
    expect(notice({ silent: true }).options.silent).toBe(true);
    expect(notice({ data: { link: "http://localhost/b" } }).options.data).toEqual({
      edgeRoomsLink: "http://localhost/b",
    });
    for (const badge of ["", "-1", "1.5", "many", 4, null]) {
      expect(notice({ app_badge: badge })).not.toHaveProperty("unread");
    }
  });

  it("[U27] is a default text if nothing can be read", () => {
    for (const text of [
      undefined,
      "",
      "no JSON",
      "[]",
      "null",
      "7",
      '{"notification":7}',
      '{"notification":{"title":7,"body":{},"tag":[],"navigate":null,"data":7}}',
      '{"notification":{"title":""}}',
    ]) {
      expect(noticeOf(text)).toEqual({
        title: "New notification",
        options: { body: "", requireInteraction: false, silent: false, data: { edgeRoomsLink: "./" } },
      });
    }
  });
});

describe("the target of a click", () => {
  it("[U27] is the link if it is of the page's origin or over https, otherwise the page", () => {
    const leads: [unknown, string][] = [
      ["/b/1", "https://app.example.com/b/1"],
      ["https://ci.example.org/1", "https://ci.example.org/1"],
      [undefined, PAGE],
      [7, PAGE],
      ["javascript:alert(1)", PAGE],
      ["data:text/html,x", PAGE],
      ["http://app.example.com/x", PAGE],
      ["ftp://ci.example.org", PAGE],
      ["https://", PAGE],
    ];
    for (const [link, target] of leads) expect([link, clickTarget(link, PAGE)]).toEqual([link, target]);
    expect(clickTarget("/b", "http://localhost:8787/")).toBe("http://localhost:8787/b");
  });
});
