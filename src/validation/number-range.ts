import { type Refusal, refuse } from "../protocol/index.ts";
import { refusalPath } from "./refusal-path.ts";

/** A list or an object that is being searched. */
interface Level {
  readonly value: object;
  /** The fields of an object; `undefined`: a list, searched by index. */
  readonly names: readonly string[] | undefined;
  readonly size: number;
  next: number;
}

/**
 * Refuses `value` where a number in it is beyond a double, such as 1e400: it was parsed to infinity and would be encoded
 * as `null`. `json` is `value` encoded again; `field` is where `value` stands in its frame, if it is not all of it.
 * An ordinary value costs one search of its text: only one in which `null` occurs is searched itself.
 */
export function numberBeyondDouble(value: unknown, json: string, field?: string): Refusal | undefined {
  if (!json.includes("null")) return undefined;
  const steps = findInfinite(value);
  if (steps === undefined) return undefined;
  const path = refusalPath(field === undefined ? steps : [field, ...steps]);
  return refuse("bad_request", `${path.join(".")}: is a number that a double does not hold`, { path });
}

/** The path to the first such number. Without recursion, as JSON may be nested deeper than the stack. */
function findInfinite(value: unknown): (string | number)[] | undefined {
  if (isInfinite(value)) return [];
  const root = levelOf(value);
  const levels = root === undefined ? [] : [root];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const below = descend(level);
    if (below === "found") return levels.map(stepOf);
    if (below === undefined) levels.pop();
    else levels.push(below);
  }
  return undefined;
}

/** The next list or object in this one; `found`: such a number comes first; `undefined`: this one is at its end. */
function descend(level: Level): Level | "found" | undefined {
  while (level.next < level.size) {
    level.next++;
    const inner: unknown = Reflect.get(level.value, stepOf(level));
    if (isInfinite(inner)) return "found";
    const below = levelOf(inner);
    if (below !== undefined) return below;
  }
  return undefined;
}

const stepOf = ({ names, next }: Level): string | number =>
  names === undefined ? next - 1 : (names[next - 1] ?? "");

function levelOf(value: unknown): Level | undefined {
  if (Array.isArray(value)) return { value, names: undefined, size: value.length, next: 0 };
  if (typeof value !== "object" || value === null) return undefined;
  const names = Object.keys(value);
  return { value, names, size: names.length, next: 0 };
}

const isInfinite = (value: unknown): boolean =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
