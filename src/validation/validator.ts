// Turns a schema of the contract into a validator, once, when the module is loaded.

import * as v from "valibot";
import { type Compound, type Infer, isCompound, isRecord, type Schema } from "../protocol/index.ts";
import { ATOMS } from "./atoms.ts";
import { integer, listOf, text } from "./ranges.ts";

export type Validator<S> = v.GenericSchema<unknown, Infer<S>>;

/** What a field must be beside what its schema says: a test of a value that the schema takes, and words for a refusal. */
type FieldCheck = readonly [fits: (value: unknown) => boolean, words: string];

/** By field; of an object in an object by its fields. */
interface Checks {
  readonly [field: string]: FieldCheck | Checks;
}

/**
 * Validates what a schema describes. Unknown fields are dropped, or refused where the schema is `strict`. `checks` run
 * with the schema of their field, so that the first field that does not fit is named, and not the first of a kind.
 */
export function validator<S extends Schema>(schema: S, checks?: Checks): Validator<S>;
// The signature above joins the type that a schema describes to the validator that is built from it.
export function validator(schema: Schema, checks?: Checks): v.GenericSchema {
  return built(schema, checks);
}

/** A validator for each schema of a table. */
export function validators<Table extends Readonly<Record<string, Schema>>>(
  table: Table,
): { readonly [Name in keyof Table]: Validator<Table[Name]> };
export function validators(table: Readonly<Record<string, Schema>>): Record<string, v.GenericSchema> {
  return mapValues(table);
}

function built(schema: Schema, checks: FieldCheck | Checks = {}): v.GenericSchema {
  if (isFieldCheck(checks)) return v.pipe(built(schema), v.check<unknown, string>(...checks));
  if (typeof schema === "string") return ATOMS[schema];
  return isCompound(schema) ? compound(schema, checks) : v.object(mapValues(schema, checks));
}

const isFieldCheck = (checks: FieldCheck | Checks): checks is FieldCheck => Array.isArray(checks);

function compound(schema: Compound, checks: Checks): v.GenericSchema {
  switch (schema[0]) {
    case "optional":
      return optional(schema[1]);
    case "nullable":
      return v.nullable(built(schema[1]));
    case "is":
      return v.literal(schema[1]);
    case "one of":
      return v.picklist(schema[1]);
    case "key of":
      return v.picklist(Object.keys(schema[1]));
    case "int":
      return integer(schema[1], schema[2]);
    case "text":
      return text(schema[1], schema[2]);
    case "list": {
      const [, item, min = 0, max = Number.POSITIVE_INFINITY, noun = "items"] = schema;
      return listOf(built(item), min, max, noun);
    }
    case "record": {
      const [, key, value, noun] = schema;
      const words = `must be an object${noun === undefined ? "" : ` of ${noun}`}`;
      const isObject = v.custom<object>(isRecord, words);
      // `v.record` drops fields such as `constructor`.
      if (key === "text" && value === "any") return isObject;
      // By itself `v.record` would take a list for an object.
      return v.pipe(isObject, v.record(ATOMS[key], built(value)));
    }
    case "by type":
      return v.union(Object.values(schema[1]).map((inner) => built(inner)));
    case "strict":
      return v.strictObject(mapValues(schema[1], checks));
  }
}

// As a required field `any` is refused where it is missing.
const optional = (inner: Schema, checks?: FieldCheck | Checks): v.GenericSchema =>
  v.exactOptional(inner === "any" ? v.unknown() : built(inner, checks));

const mapValues = (
  table: Readonly<Record<string, Schema>>,
  checks: Checks = {},
): Record<string, v.GenericSchema> =>
  Object.fromEntries(Object.entries(table).map(([name, schema]) => [name, field(schema, checks[name])]));

/** A check of a field that may be left out is of its value. */
const field = (schema: Schema, checks: FieldCheck | Checks | undefined): v.GenericSchema =>
  typeof schema !== "string" && isCompound(schema) && schema[0] === "optional"
    ? optional(schema[1], checks)
    : built(schema, checks);
