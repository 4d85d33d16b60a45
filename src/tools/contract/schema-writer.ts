// Schemas of the contract as JSON Schema: of draft 2020-12 as OpenAPI 3.1 has it, or of draft 7 as AsyncAPI 3 has it. What
// has a name in the contract becomes a component of that name.

import { type Compound, type Fields, isCompound, isRecord, type Schema } from "../../protocol/index.ts";
import { type JsonSchema, NAMED_ATOMS, PLAIN_ATOMS, WORD_ATOMS, wholeNumber } from "./atom-schemas.ts";
import { docOf, isDocumented } from "./documented-contract.ts";

/** Who writes what a schema describes. The server refuses texts that it does not know; a client takes them. */
export type Writer = "client" | "server";

/** In which document: they differ in what may stand beside a `$ref`, and in how a union names its types. */
export type Dialect = "OpenAPI" | "AsyncAPI";

/** `MESSAGE_STORED` is `MessageStored`, `roomName` is `RoomName`. */
export const componentName = (name: string): string =>
  name.includes("_") || name === name.toUpperCase()
    ? name
        .split("_")
        .map((word) => word[0] + word.slice(1).toLowerCase())
        .join("")
    : name.charAt(0).toUpperCase() + name.slice(1);

export class SchemaWriter {
  readonly #names = new Map<unknown, string>();
  readonly #components = new Map<string, JsonSchema>();

  /** What is written already, by schema. */
  readonly #written = new Map<Schema, Writer>();
  readonly #dialect: Dialect;

  /** `contract`: with comments. */
  constructor(contract: Readonly<Record<string, unknown>>, dialect: Dialect) {
    this.#dialect = dialect;
    for (const [name, value] of Object.entries(contract))
      if (typeof value === "object" && value !== null && !this.#names.has(value))
        this.#names.set(value, name);
    for (const [name, table] of Object.entries(contract))
      if (/_LINES$|^WEBHOOK_EVENTS$/.test(name)) this.#nameEntries(name, table);
  }

  /** What such a table has is written where it stands: `STREAMED_LINES.opened` is a `StreamedLineOpened`. */
  #nameEntries(name: string, table: unknown): void {
    for (const [type, entry] of Object.entries(isRecord(table) ? table : {})) {
      const { schema } = unwrapped(entry);
      const words = type.split(".").map(componentName).join("");
      if (!this.#names.has(schema)) this.#names.set(schema, componentName(name).replace(/s$/, "") + words);
    }
  }

  /** What was referred to up to now, by name. */
  components(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A component of this name, and a reference to it. */
  define(name: string, schema: JsonSchema): JsonSchema {
    const known = this.#components.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema))
      throw new Error(
        `two different schemas are called ${name}: rename one, or export it under its own name`,
      );
    this.#components.set(name, schema);
    return refTo(name);
  }

  /** `documented`: a schema, or one with its comment. */
  write(documented: unknown, writer: Writer): JsonSchema {
    const { schema, doc } = unwrapped(documented);
    const written = this.#named(schema, writer);
    return doc === undefined ? written : this.describe(written, doc);
  }

  /** With a description in place of its own. */
  describe(schema: JsonSchema, description: string): JsonSchema {
    const isAlone = this.#dialect === "AsyncAPI" && "$ref" in schema;
    return { ...(isAlone ? { allOf: [schema] } : schema), description };
  }

  /** An object with these fields; `extra` stands in front. */
  object(fields: Readonly<Record<string, unknown>>, writer: Writer, extra: JsonSchema = {}): JsonSchema {
    const properties = Object.entries(fields).map(([name, field]) => [name, this.write(field, writer)]);
    const required = Object.entries(fields)
      .filter(([, field]) => !isOptional(unwrapped(field).schema))
      .map(([name]) => name);
    return {
      type: "object",
      ...extra,
      ...(required.length > 0 && { required }),
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    };
  }

  #named(schema: Schema, writer: Writer): JsonSchema {
    if (typeof schema === "string") return this.#atom(schema, writer);
    const name = this.#names.get(schema);
    if (name === undefined || !isObject(schema)) return this.#plain(schema, writer);
    const component = componentName(name);
    // What both write has one component, which takes what a newer server may say.
    const known = this.#written.get(schema);
    if (known === "server" || known === writer) return refTo(component);
    if (known === "client") this.#components.delete(component);
    this.#written.set(schema, writer);
    const doc = docOf(schema);
    const { description: _, ...written } = this.#plain(schema, writer);
    return this.define(component, {
      ...written,
      // A comment that only names a route says nothing here.
      ...(doc !== undefined && !/^`[A-Z]+ \/\S*`$/.test(doc) && { description: doc }),
    });
  }

  #atom(atom: Extract<Schema, string>, writer: Writer): JsonSchema {
    if (isKeyOf(NAMED_ATOMS, atom)) return this.define(componentName(atom), NAMED_ATOMS[atom]);
    if (isKeyOf(WORD_ATOMS, atom)) return words(WORD_ATOMS[atom], writer);
    return PLAIN_ATOMS[atom];
  }

  #plain(schema: Compound | Fields, writer: Writer): JsonSchema {
    if (!isCompound(schema)) return this.object(schema, writer);
    switch (schema[0]) {
      case "optional":
        return this.write(schema[1], writer);
      case "nullable":
        return nullable(this.write(schema[1], writer));
      case "is":
        return { type: typeof schema[1], const: schema[1] };
      case "one of":
        return words(schema[1], writer);
      case "key of":
        return words(Object.keys(schema[1]), writer);
      case "int":
        return wholeNumber(schema[1], schema[2]);
      case "text":
        return { type: "string", ...(schema[1] > 0 && { minLength: schema[1] }), maxLength: schema[2] };
      case "list":
        return this.#list(schema, writer);
      case "record":
        return this.#record(schema, writer);
      case "by type":
        return this.#union(schema[1], writer);
      case "strict":
        return this.object(schema[1], writer, { additionalProperties: false });
    }
  }

  #list(
    [, item, min = 0, max]: Extract<Compound, readonly ["list", ...unknown[]]>,
    writer: Writer,
  ): JsonSchema {
    return {
      type: "array",
      ...(min > 0 && { minItems: min }),
      ...(max !== undefined && { maxItems: max }),
      items: this.write(item, writer),
    };
  }

  #record([, key, value]: Extract<Compound, readonly ["record", ...unknown[]]>, writer: Writer): JsonSchema {
    const propertyNames = key === "text" ? {} : { propertyNames: this.write(key, writer) };
    const written = this.write(value, writer);
    return {
      type: "object",
      ...propertyNames,
      additionalProperties: Object.keys(written).length === 0 ? true : written,
    };
  }

  #union(table: Readonly<Record<string, unknown>>, writer: Writer): JsonSchema {
    const refs = Object.entries(table).map(([type, inner]) => {
      const ref = this.#named(unwrapped(inner).schema, writer);
      if (!("$ref" in ref))
        throw new Error(`${type} needs a name: export it, or the table in a name with _LINES`);
      return [type, ref] as const;
    });
    const mapping = Object.fromEntries(refs.map(([type, { $ref }]) => [type, $ref]));
    return {
      oneOf: refs.map(([, ref]) => ref),
      ...(this.#dialect === "OpenAPI" && { discriminator: { propertyName: "type", mapping } }),
    };
  }
}

const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

export function unwrapped(documented: unknown): { readonly schema: Schema; readonly doc?: string } {
  if (!isDocumented(documented)) return { schema: asSchema(documented) };
  // A field that is taken from another schema has a comment there too: the one above it counts here.
  return { ...unwrapped(documented.value), doc: documented.doc };
}

function asSchema(value: unknown): Schema {
  if (!isSchema(value)) throw new Error(`this is no schema: ${JSON.stringify(value)}`);
  return value;
}

/** As far as it shows: the compiler has checked the contract, and knows nothing of what is loaded. */
const isSchema = (value: unknown): value is Schema =>
  typeof value === "string" || Array.isArray(value) || isRecord(value);

const isOptional = (schema: Schema): boolean => Array.isArray(schema) && schema[0] === "optional";

/** What is worth a name: an object. Lists and texts are written where they stand. */
const isObject = (schema: Compound | Fields): boolean => !isCompound(schema) || schema[0] === "strict";

const isKeyOf = <Table extends object>(table: Table, key: PropertyKey): key is keyof Table =>
  Object.hasOwn(table, key);

/** A server of a newer version may say others: a client that refuses what it does not know would break. */
const words = (known: readonly string[], writer: Writer): JsonSchema =>
  writer === "client" ? { type: "string", enum: known } : { type: "string", "x-extensible-enum": known };

/** `null` is the value of a type where the schema has one, so that generators see one type and not two. */
function nullable(schema: JsonSchema): JsonSchema {
  if (typeof schema.type === "string" && !("enum" in schema) && !("const" in schema))
    return { ...schema, type: [schema.type, "null"] };
  return { anyOf: [schema, { type: "null" }] };
}
