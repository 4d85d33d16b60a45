import {
  type Compound,
  type Fields,
  type Infer,
  isCompound,
  isRecord,
  MAX_INSTANT_MS,
  type Schema,
} from "../../src/protocol/index.ts";

type Check = (value: unknown) => boolean;

/** The checks of schemas, made when each is first used: a check that is made once is faster than reading the schema. */
const checks = new WeakMap<Compound | Fields, Check>();

/**
 * Whether a value from the wire has the form that `schema` describes, as far as a client relies on it: unknown fields
 * are ignored, and so are ranges and grammars; a text may be one that only a newer server knows.
 */
export const fits = <S extends Schema>(schema: S, value: unknown): value is Infer<S> =>
  checkOf(schema)(value);

function checkOf(schema: Schema): Check {
  if (typeof schema === "string") return kindCheck(schema);
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const check = isCompound(schema) ? compoundCheck(schema) : fieldsCheck(schema);
  checks.set(schema, check);
  return check;
}

function fieldsCheck(fields: Fields): Check {
  const entries = Object.entries(fields).map(([name, schema]) => [name, checkOf(schema)] as const);
  return (value) => isRecord(value) && entries.every(([name, check]) => check(value[name]));
}

function compoundCheck(schema: Compound): Check {
  switch (schema[0]) {
    case "optional": {
      const check = checkOf(schema[1]);
      return (value) => value === undefined || check(value);
    }
    case "nullable": {
      const check = checkOf(schema[1]);
      return (value) => value === null || check(value);
    }
    case "is":
      return (value) => value === schema[1];
    case "list": {
      const check = checkOf(schema[1]);
      return (value) => Array.isArray(value) && value.every(check);
    }
    case "record": {
      const check = checkOf(schema[2]);
      return (value) => isRecord(value) && Object.values(value).every(check);
    }
    case "strict":
      return checkOf(schema[1]);
    case "by type":
      // The reader of such a list checks each item by itself, as one may be of a type that is not known here.
      return () => true;
    default:
      return kindCheck(schema[0]);
  }
}

/** `kind` is an atom, or a compound that only adds a range to one. */
function kindCheck(kind: string): Check {
  switch (kind) {
    case "any":
      return () => true;
    case "boolean":
    case "number":
      return (value) => typeof value === kind;
    case "int":
    case "seq":
    case "eventSeq":
      return Number.isSafeInteger;
    case "instant":
      return (value) => typeof value === "number" && Math.abs(value) <= MAX_INSTANT_MS;
    default:
      return (value) => typeof value === "string";
  }
}
