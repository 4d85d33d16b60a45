// Turns a schema of the contract into a validator, once, when the module is loaded.

import * as v from "valibot";
import { type Compound, type Infer, isCompound, isRecord, type Schema } from "../protocol/index.ts";
import { ATOMS } from "./atoms.ts";
import { integer, listOf, text } from "./ranges.ts";

export type Validator<S> = v.GenericSchema<unknown, Infer<S>>;

/** Validates what a schema describes. Unknown fields are dropped, or refused where the schema is `strict`. */
export function validator<S extends Schema>(schema: S): Validator<S>;
// The signature above joins the type that a schema describes to the validator that is built from it.
export function validator(schema: Schema): v.GenericSchema {
  return built(schema);
}

/** A validator for each schema of a table. */
export function validators<Table extends Readonly<Record<string, Schema>>>(
  table: Table,
): { readonly [Name in keyof Table]: Validator<Table[Name]> };
export function validators(table: Readonly<Record<string, Schema>>): Record<string, v.GenericSchema> {
  return mapValues(table);
}

function built(schema: Schema): v.GenericSchema {
  if (typeof schema === "string") return ATOMS[schema];
  return isCompound(schema) ? compound(schema) : v.object(mapValues(schema));
}

function compound(schema: Compound): v.GenericSchema {
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
      // By itself `v.record` would take a list for an object.
      return v.pipe(v.custom<object>(isRecord, words), v.record(ATOMS[key], built(value)));
    }
    case "by type":
      return v.union(Object.values(schema[1]).map(built));
    case "strict":
      return v.strictObject(mapValues(schema[1]));
  }
}

// As a required field `any` is refused where it is missing.
const optional = (inner: Schema): v.GenericSchema =>
  v.exactOptional(inner === "any" ? v.unknown() : built(inner));

const mapValues = (table: Readonly<Record<string, Schema>>): Record<string, v.GenericSchema> =>
  Object.fromEntries(Object.entries(table).map(([name, schema]) => [name, built(schema)]));
