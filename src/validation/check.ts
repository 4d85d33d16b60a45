import * as v from "valibot";
import { type Refusal, refuse } from "../protocol/index.ts";

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export const accepted = <T>(value: T): Checked<T> => ({ ok: true, value });
export const refused = (refusal: Refusal): Checked<never> => ({ ok: false, refusal });

/** Checks untrusted input; the refusal names the first field that does not fit, never its value. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): Checked<v.InferOutput<Schema>> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return accepted(result.output);
  const [issue] = result.issues;
  const path = pathOf(issue);
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  return refused(refuse("bad_request", where + reason(issue), path.length === 0 ? {} : { path }));
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  const keys = issue.path?.map((item) => item.key) ?? [];
  return keys.filter((key) => typeof key === "string" || typeof key === "number");
}

/** valibot quotes what it received: a refusal must not, as it may be long, or a secret. */
function reason(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "validation")
    return issue.type === "check" ? issue.message : `is out of range (${issue.requirement})`;
  if (issue.type === "custom") return issue.message;
  return issue.received === "undefined" ? "is missing" : `must be ${issue.expected ?? "of another type"}`;
}
