import * as v from "valibot";
import { userId } from "../validation/fields.ts";
import { text } from "../validation/ranges.ts";
import { refusing } from "./refusal-error.ts";

const MAX_NAME_LENGTH = 128;

/** In whose name server code speaks. */
export const sender = v.object({
  id: userId,
  name: v.exactOptional(text(1, MAX_NAME_LENGTH)),
});

/** Fields in which a user could speak for others. */
export function onlyServerCode(kind: string, body: Record<string, unknown>, fields: readonly string[]): void {
  const field = fields.find((name) => kind !== "server" && body[name] !== undefined);
  if (field !== undefined) throw refusing("forbidden", `${field} takes an API key`, { path: [field] });
}
