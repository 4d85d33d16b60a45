// @vitest-environment happy-dom
// A message that grows in the list: which rows are rendered for it.

import { beforeEach, describe, expect, it, vi } from "vitest";
import { growText } from "../../../demo/messages/answers.js";
import { gist, mayOf } from "../../../demo/messages/message-content.js";
import { type Row, rowsOf } from "../../../demo/messages/message-rows.js";
import { renderRow } from "../../../demo/messages/message-view.js";
import { createRowList } from "../../../demo/messages/row-list.js";

// It leads to the client, which only the build puts beside the page.
vi.mock("../../../demo/messages/mentions.js", () => ({ withMentions: (pieces: unknown) => pieces }));

const ADA = { id: "ada", name: "Ada" };
const AT = Date.UTC(2026, 10, 29, 12);
const metadata = { by: "toy" };

const users = { userOf: (id: string) => ({ id }), nameOf: (id: string) => (id === "bo" ? "Bo" : id) };
const stage = { users, self: () => "ada", mayWrite: () => true, isModerator: () => false, jumpTo() {} };

const message = (seq: number, text: string, more: object = {}) =>
  ({
    type: "message",
    id: `m${seq}`,
    seq,
    event: "chat",
    from: ADA,
    at: AT,
    data: { text },
    ...more,
  }) as never;
const answer = (text: string, more: object = {}) =>
  message(2, text, { stream: "open", data: { text, metadata }, replyTo: 1, ...more });

const QUESTION = message(1, "Who is here?");
const REPLY = message(3, "Nice", { replyTo: 2, from: { id: "bo", name: "Bo" } });

describe("a message that grows", () => {
  let list: HTMLElement;
  const render = vi.fn((row: Row) => renderRow(row, stage as never));
  let rows: ReturnType<typeof createRowList>;

  beforeEach(() => {
    list = document.createElement("ol");
    rows = createRowList(list, render, growText);
  });

  /** Shows the messages; returns how many rows were rendered for it. */
  function show(...messages: never[]): number {
    render.mockClear();
    rows.place(rowsOf(messages, { self: "ada" }), new Set());
    return render.mock.calls.length;
  }
  const row = () => list.querySelectorAll<HTMLElement>(".message")[1];
  const text = () => row()?.querySelector(".text")?.textContent;

  it("[W92] renders no row for what is added: the text node grows, also below a quote of it", () => {
    expect(show(QUESTION, answer(""), REPLY)).toBe(4);
    const [element, node] = [row(), row()?.querySelector(".text")?.firstChild];
    expect(show(QUESTION, answer("Ada **and", { n: 1 }), REPLY)).toBe(0);
    expect(show(QUESTION, answer("Ada **and** Bo", { n: 2 }), REPLY)).toBe(0);
    expect(text()).toBe("Ada **and** Bo");
    expect(row()).toBe(element);
    expect(row()?.querySelector(".text")?.firstChild).toBe(node);
    // After a crash of the server there may be less than was shown.
    expect(show(QUESTION, answer("Ada", { n: 1 }), REPLY)).toBe(0);
    expect(text()).toBe("Ada");
  });

  it("[W92] is rendered again for any other change, and its quotes when it has ended", () => {
    const quoted = () => [...list.querySelectorAll(".quote")].at(-1)?.textContent;
    show(QUESTION, answer("A"), REPLY);
    expect(show(QUESTION, answer("Ada", { reactions: { "👍": ["bo"] } }), REPLY)).toBe(1);
    const patched = { metadata, model: "toy" };
    expect(show(QUESTION, answer("Ada", { data: { text: "Ada", ...patched } }), REPLY)).toBe(1);
    expect(quoted()).toBe("In reply to Toy modelA");
    expect(show(QUESTION, answer("**Ada**", { stream: "complete" }), REPLY)).toBe(2);
    expect(row()?.querySelector(".text strong")?.textContent).toBe("Ada");
    expect(quoted()).toBe("In reply to Toy modelAda");
  });

  it("[W1][W92] leaves nothing in a quote of it when it is deleted while it is open", () => {
    show(QUESTION, answer("A secret"), REPLY);
    show(QUESTION, answer("", { data: null, deletedAt: AT }), REPLY);
    expect(list.textContent).not.toContain("A secret");
  });

  it("[W93] is not announced while it grows, and says how it stands in words", () => {
    show(QUESTION, answer("Ada"));
    expect(row()?.getAttribute("aria-live")).toBe("off");
    expect(row()?.querySelector(".writing")?.textContent).toBe("Writing…");
    const stopped = { metadata: { ...metadata, stoppedBy: "bo" } };
    for (const [more, words] of [
      [{ stream: "complete" }, "Complete"],
      [{ stream: "failed" }, "Failed"],
      [{ stream: "interrupted" }, "Interrupted"],
      [{ stream: "cancelled" }, "Stopped"],
      [{ stream: "cancelled", data: { text: "Ada", ...stopped } }, "Stopped by Bo"],
    ] as const) {
      show(QUESTION, answer("Ada", more));
      expect(row()?.hasAttribute("aria-live")).toBe(false);
      expect(row()?.querySelector(".outcome")?.textContent).toBe(words);
    }
    show(QUESTION, answer("", { stream: "cancelled" }));
    expect(row()?.querySelector(".nothing")?.textContent).toBe("Nothing was written.");
  });

  it("[W91] names the toy model and who asked, and stands with what others say", () => {
    show(QUESTION, answer("Ada"), REPLY);
    expect(row()?.className).toBe("message first open");
    expect(row()?.querySelector(".sender")?.textContent).toBe("Toy model, asked by you");
    expect(list.querySelectorAll(".quote strong")[1]?.textContent).toBe("Toy model");
  });

  it("[W94] is not edited while it is open, nor what the toy model wrote", () => {
    const may = (one: never) => {
      const found = rowsOf([one], { self: "ada" }).find(({ kind }) => kind === "message");
      return found?.kind === "message" && mayOf(found, { permission: "write" });
    };
    const all = { react: true, reply: true, edit: true, remove: true };
    expect(may(QUESTION)).toEqual(all);
    expect(may(message(2, "Ada", { stream: "open" }))).toEqual({ ...all, edit: false });
    expect(may(message(2, "Ada", { stream: "complete" }))).toEqual(all);
    expect(may(answer("Ada", { stream: "complete" }))).toEqual({ ...all, edit: false });
    expect(gist(answer(""))).toBe("…");
  });
});
