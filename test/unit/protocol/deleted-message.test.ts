import { expect, it } from "vitest";
import { withChange } from "../../../client/room/messages/changes.ts";
import type { Message } from "../../../src/protocol/index.ts";
import { erased } from "../../../src/room/log/message-body.ts";

/** Every field that a message can have. A new one has to be added here, and to the table below: the compiler asks for it. */
const EVERYTHING: Required<Message> = {
  type: "message",
  seq: 1,
  id: "m",
  event: "chat",
  from: { id: "ada", name: "Ada" },
  byServer: true,
  at: 1,
  replyTo: 1,
  expiresAt: 4,
  flag: "rude",
  mentions: ["bo"],
  data: { text: "secret" },
  editedAt: 2,
  editedBy: "mo",
  deletedAt: 3,
  reactions: { "👍": ["bo"] },
  changed: 2,
  stream: "open",
  field: "answer",
  n: 3,
  producer: 2,
};

/** What a delete does to each field. */
const FATE: { readonly [Field in keyof Message]-?: "kept" | "erased" } = {
  type: "kept",
  seq: "kept",
  id: "kept",
  event: "kept",
  from: "kept",
  byServer: "kept",
  at: "kept",
  replyTo: "kept",
  expiresAt: "erased",
  flag: "erased",
  mentions: "erased",
  // Stays as `null`.
  data: "kept",
  editedAt: "erased",
  editedBy: "erased",
  deletedAt: "kept",
  reactions: "erased",
  changed: "kept",
  stream: "erased",
  field: "erased",
  n: "erased",
  producer: "erased",
};
const kept = Object.entries(FATE).flatMap(([field, fate]) => (fate === "kept" ? [field] : []));

it("[E2] a delete erases the same fields in storage and in the client, and keeps only those that hold no content", () => {
  const { data: _, ...meta } = EVERYTHING;
  const stored = erased(meta, 9);
  expect([...Object.keys(stored), "data"].sort()).toEqual(kept.sort());
  const shown = withChange(EVERYTHING, { type: "delete", seq: 1 }, 9, "ada");
  expect(Object.keys(shown).sort()).toEqual(kept);
  expect(shown).toMatchObject({ data: null, deletedAt: 9 });
  expect(stored).toMatchObject({ deletedAt: 9 });
});
