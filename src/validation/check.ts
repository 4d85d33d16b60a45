import * as v from "valibot";
import { accept, type Outcome, refuse, reject } from "../protocol/index.ts";
import { refusalPath } from "./refusal-path.ts";

/** Checks untrusted input; the refusal names the first field that does not fit, never its value. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): Outcome<v.InferOutput<Schema>> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return accept(result.output);
  const [issue] = result.issues;
  const path = pathOf(issue);
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  return reject(refuse("bad_request", where + reason(issue), path.length === 0 ? {} : { path }));
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  const keys = issue.path?.map((item) => item.key) ?? [];
  return refusalPath(keys.filter((key) => typeof key === "string" || typeof key === "number"));
}

/** valibot quotes what it received: a refusal must not, as it may be long, or a secret. */
function reason(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "validation") {
    if (issue.type === "check" || issue.type === "partial_check") return issue.message;
    return typeof issue.requirement === "number"
      ? `is out of range (${issue.requirement})`
      : "is out of range";
  }
  if (issue.type === "custom") return issue.message;
  if (issue.type === "strict_object" && issue.expected === "never") return "is no field of this body";
  return issue.received === "undefined" ? "is missing" : `must be ${issue.expected ?? "of another type"}`;
}
