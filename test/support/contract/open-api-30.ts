// The OpenAPI document in version 3.0, for generators that know no newer one. What 3.0 cannot say is left out: a client
// checks less then.

import { isRecord, type JsonObject } from "../../../src/protocol/index.ts";

export function openApi30(document: JsonObject): JsonObject {
  const { info, webhooks: ___, ...rest } = document;
  const { summary: _, license: __, ...said } = isRecord(info) ? info : {};
  const converted = convert(rest);
  return {
    ...(isRecord(converted) ? converted : {}),
    openapi: "3.0.3",
    info: { ...said, license: { name: "MIT" } },
  };
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, convert(inner)]);
  return schema(Object.fromEntries(entries));
}

/** Also of what is no schema: it has none of these fields. */
function schema({ const: only, propertyNames: _, ...value }: JsonObject): JsonObject {
  const { type, anyOf, $ref, ...rest } = value;
  // Of an enum of `true` the generator of Python makes code that does not run.
  if (only !== undefined && type !== undefined)
    return { ...rest, type, ...(only !== true && { enum: [only] }) };
  if (typeof $ref === "string" && Object.keys(rest).length > 0) return { ...rest, allOf: [{ $ref }] };
  if (Array.isArray(type)) {
    const [first, ...more] = type.filter((one: unknown) => one !== "null");
    // Of two types a client takes anything.
    if (more.length > 0) return rest;
    return { ...rest, type: first, nullable: type.length > 1 };
  }
  if (Array.isArray(anyOf) && anyOf.some(isNull)) {
    const others = anyOf.filter((one: unknown) => !isNull(one));
    return { ...rest, nullable: true, allOf: others };
  }
  return value;
}

const isNull = (value: unknown): boolean => isRecord(value) && value.type === "null";
