// Commands that change a message, and the events that they cause.

import type { Actor } from "../../../src/access/identity.ts";
import type { Frame, TestSocket } from "./test-socket.ts";

const CHANGES = ["messageUpdated", "messageDeleted", "reaction"];

export const edit = (seq: number, data: unknown) => ({ type: "edit", seq, data });
export const remove = (seq: number) => ({ type: "delete", seq });
export const react = (seq: number, emoji: string, op: "add" | "remove" = "add") => ({
  type: "react",
  seq,
  emoji,
  op,
});

/** Sends a command, with a new id if it has none. */
export const ask = (socket: TestSocket, command: object): Promise<Frame> =>
  socket.ask({ id: crypto.randomUUID(), ...command });

export const isChange = ({ type }: Frame): boolean => CHANGES.includes(type);
export const isSequenced = (frame: Frame): boolean => frame.type === "message" || isChange(frame);

export const changesTo = (socket: TestSocket): Frame[] => socket.received.filter(isChange);
export const sequencedTo = (socket: TestSocket): Frame[] => socket.received.filter(isSequenced);

/** A user in the form that the objects use, for tests that need hundreds of users and no token. */
export const actorOf = (user: string, permission: Actor["permission"] = "write"): Actor => ({
  identity: { kind: "user", user: { id: user }, expiresAt: Number.MAX_SAFE_INTEGER, issuedAt: Date.now() },
  permission,
});

export const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
