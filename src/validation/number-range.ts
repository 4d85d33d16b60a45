import { type Refusal, refuse } from "../protocol/index.ts";
import { refusalPath } from "./refusal-path.ts";

/** A list or an object that is being looked through. */
interface Level {
  readonly value: object;
  /** Of an object; a list is gone through by index. */
  readonly names: readonly string[] | undefined;
  readonly size: number;
  next: number;
}

/**
 * Why `value`, parsed from JSON and encoded again as `json`, is not what was sent: a number beyond a double, such as
 * 1e400, is parsed to infinity and would be encoded as `null`. `field` is where `value` stands, if it is no whole frame.
 * Ordinary values cost one search of their text: only one in which `null` occurs is looked through.
 */
export function numberBeyondDouble(value: unknown, json: string, field?: string): Refusal | undefined {
  if (!json.includes("null")) return undefined;
  const steps = findInfinite(value);
  if (steps === undefined) return undefined;
  const path = refusalPath(field === undefined ? steps : [field, ...steps]);
  return refuse("bad_request", `${path.join(".")}: is a number that a double does not hold`, { path });
}

/** Where the first one in the text stands. Without recursion, as JSON may be nested deeply. */
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

/** The next list or object in this one; `found`: such a number; `undefined`: neither is left. */
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
