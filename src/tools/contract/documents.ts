// The documents that the Worker serves, as they stand in `src/http`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncApiDocument } from "./asyncapi.ts";
import { documentedContract } from "./documented-contract.ts";
import { readHttpReference } from "./http-reference.ts";
import { openApiDocument } from "./openapi.ts";

const SRC = join(import.meta.dirname, "../..");

/** By file, relative to `src`. */
export async function contractDocuments(): Promise<Readonly<Record<string, string>>> {
  const contract = await documentedContract();
  const reference = readHttpReference(readFileSync(join(SRC, "protocol/HTTP.md"), "utf8"));
  const text = (document: object) => `${JSON.stringify(document, null, 1)}\n`;
  return {
    "http/openapi.json": text(openApiDocument(contract, reference)),
    "http/asyncapi.json": text(asyncApiDocument(contract)),
  };
}
