import type { Answer, Infer, Schema } from "../../src/protocol/index.ts";
import { type RoomsError, refusalError, unreadable } from "../util/errors.ts";
import { fits } from "./fits.ts";

/** What an answer brings; a `RoomsError` where it is a refusal, or has not the form that `schema` describes. */
export function resultOf<S extends Schema>(answer: Answer, schema: S): Infer<S> | RoomsError {
  if (answer.type === "error") return refusalError(answer);
  return answer.type === "ok" && fits(schema, answer) ? answer : unreadable();
}

/** The answer, if it has the form that `schema` describes. Else it rejects with `offline`. */
export async function checked<S extends Schema>(answer: Promise<unknown>, schema: S): Promise<Infer<S>> {
  const value = await answer;
  if (fits(schema, value)) return value;
  throw unreadable();
}
