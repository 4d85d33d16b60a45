// The schemas of a document, to validate what is really sent. Closed, they are stricter than the document is to its
// readers: a field that it does not name is a fault of the document, and so is a value beside those it knows.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { isRecord } from "../../../src/protocol/index.ts";

export class JsonSchemas {
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
  readonly #validators = new Map<string, ValidateFunction>();

  readonly #close: (schema: object) => object;

  constructor(document: { readonly components: { readonly schemas: object } }, { isClosed = true } = {}) {
    const { schemas } = document.components;
    this.#close = isClosed ? closed : (schema) => schema;
    this.#ajv.addSchema({ $id: "document", components: { schemas: this.#close(schemas) } });
  }

  /** What is wrong with a value of the component `name`; `undefined`: nothing. */
  problem(name: string, value: unknown): string | undefined {
    return this.problemIn({ $ref: `#/components/schemas/${name}` }, value);
  }

  /** Of a schema as it stands in the document. */
  problemIn(schema: object, value: unknown): string | undefined {
    const key = JSON.stringify(schema);
    const known = this.#validators.get(key) ?? this.#ajv.compile(absolute(this.#close(schema)));
    this.#validators.set(key, known);
    if (known(value)) return undefined;
    const [{ instancePath = "", message = "", params = {} } = {}] = known.errors ?? [];
    return `${instancePath || "/"} ${message} ${JSON.stringify(params)}`;
  }
}

/** The schema without room for fields and values that it does not name. */
function closed(schema: unknown): object {
  const copy = mapped(schema, (value) => {
    const isObject = isRecord(value.properties) && value.additionalProperties === undefined;
    const { "x-extensible-enum": known, ...rest } = value;
    return {
      ...rest,
      ...(Array.isArray(known) && { enum: known }),
      ...(isObject && { additionalProperties: false }),
    };
  });
  return isRecord(copy) ? copy : {};
}

/** With references into the document from outside of it. */
function absolute(schema: object): object {
  const copy = mapped(schema, (value) =>
    typeof value.$ref === "string" ? { ...value, $ref: value.$ref.replace(/^#/, "document#") } : value,
  );
  return isRecord(copy) ? copy : {};
}

function mapped(value: unknown, change: (value: Readonly<Record<string, unknown>>) => object): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapped(item, change));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, mapped(inner, change)]);
  return change(Object.fromEntries(entries));
}
