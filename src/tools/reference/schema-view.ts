// A schema of the documents as a person reads it: a type in words, and a table of fields.

import { isRecord } from "../../protocol/index.ts";
import { escaped, line, table } from "./html.ts";

/** What a schema is, in a few words. `prefix`: of the anchors of named schemas. */
export function typeOf(schema: unknown, prefix: string): string {
  if (!isRecord(schema)) return "any JSON";
  const { $ref, allOf, anyOf, oneOf, type, items } = schema;
  if (typeof $ref === "string") return link($ref, prefix);
  if (Array.isArray(allOf)) return allOf.map((one: unknown) => typeOf(one, prefix)).join(" and ");
  for (const choice of [anyOf, oneOf])
    if (Array.isArray(choice)) return choice.map((one: unknown) => typeOf(one, prefix)).join(" or ");
  if (schema.const !== undefined) return `<code>${escaped(JSON.stringify(schema.const))}</code>`;
  if (Array.isArray(type))
    return type.map((one: unknown) => typeOf({ ...schema, type: one }, prefix)).join(" or ");
  const known = schema.enum ?? schema["x-extensible-enum"];
  if (Array.isArray(known) && type !== "null")
    return known.map((one) => `<code>${escaped(String(one))}</code>`).join(", ");
  if (type === "array")
    return `list of ${typeOf(items, prefix)}${bounds(schema, "minItems", "maxItems", "items")}`;
  if (type === "object" && isRecord(schema.additionalProperties))
    return `object of ${typeOf(schema.additionalProperties, prefix)}`;
  if (type === "string") return `text${bounds(schema, "minLength", "maxLength", "characters")}`;
  if (type === "integer" || type === "number")
    return `${type === "integer" ? "integer" : "number"}${bounds(schema, "minimum", "maximum", "")}`;
  return typeof type === "string" ? type : "any JSON";
}

/** The last name of a reference, as a link to where it is described. */
function link(ref: string, prefix: string): string {
  const name = ref.split("/").at(-1) ?? "";
  return `<a href="#${prefix}${name}">${escaped(name)}</a>`;
}

function bounds(schema: Readonly<Record<string, unknown>>, low: string, high: string, unit: string): string {
  const [min, max] = [Number(schema[low] ?? 0), Number(schema[high] ?? Number.MAX_SAFE_INTEGER)];
  const words = unit === "" ? "" : ` ${unit}`;
  if (max < Number.MAX_SAFE_INTEGER)
    return `, ${min.toLocaleString("en")} to ${max.toLocaleString("en")}${words}`;
  return min > 0 ? `, at least ${min.toLocaleString("en")}${words}` : "";
}

/** The fields of an object, those of objects in it too. */
export function fieldTable(schema: unknown, prefix: string): string {
  return table(["field", "type", ""], fieldRows(schema, prefix, ""));
}

function fieldRows(schema: unknown, prefix: string, path: string): string[][] {
  if (!isRecord(schema) || !isRecord(schema.properties)) return [];
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    const said = isRecord(field) ? line(field.description) : "";
    const mark = required.includes(name) ? "" : '<span title="may be left out">?</span>';
    const row = [`<code>${escaped(path + name)}</code>${mark}`, typeOf(field, prefix), said];
    return [row, ...fieldRows(field, prefix, `${path}${name}.`)];
  });
}
