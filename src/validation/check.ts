import * as v from "valibot";
import { accept, type Outcome, refuse, reject } from "../protocol/index.ts";
import { refusalPath } from "./refusal-path.ts";

/** Checks untrusted input; the refusal names the first field that does not fit, never its value. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): Outcome<v.InferOutput<Schema>> {
  const result = v.safeParse(schema, input, { abortEarly: true, message: describe });
  if (result.success) return accept(result.output);
  const [issue] = result.issues;
  const path = pathOf(issue);
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  const isMissing = issue.kind === "schema" && issue.input === undefined;
  const what = isMissing ? "is missing" : issue.message;
  return reject(refuse("bad_request", where + what, path.length === 0 ? {} : { path }));
}

function pathOf(issue: v.BaseIssue<unknown>): (string | number)[] {
  const keys = issue.path?.map((item) => item.key) ?? [];
  return refusalPath(keys.filter((key) => typeof key === "string" || typeof key === "number"));
}

const TYPES: Readonly<Record<string, string>> = {
  string: "must be text",
  number: "must be a number",
  boolean: "must be true or false",
  array: "must be a list",
  object: "must be an object",
  strict_object: "must be an object",
  record: "must be an object",
};

/**
 * The words of a refusal, for a validator that has none of its own. Those of valibot would quote the value, which may be
 * long, or a secret.
 */
function describe({ kind, type, expected }: v.BaseIssue<unknown>): string {
  if (kind !== "schema" || expected === null) return "does not fit";
  if (type === "strict_object" && expected === "never") return "is no field of this body";
  const known = TYPES[type];
  if (known !== undefined) return known;
  const values = expected.replace(/[()"]/g, "").split(" | ");
  return values.length === 1 ? `must be ${values}` : `must be one of ${values.join(", ")}`;
}
