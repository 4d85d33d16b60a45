/** Names in a path are the sender's: how many of them are said back, and how long each may be in UTF-16 units. */
const MAX_STEPS = 32;
const MAX_NAME_LENGTH = 128;

/** A path as a refusal carries it: where it would be long it ends early, and names what the field stands in. */
export function refusalPath(path: readonly (string | number)[]): (string | number)[] {
  const tooLong = path.findIndex((step) => typeof step === "string" && step.length > MAX_NAME_LENGTH);
  return path.slice(0, Math.min(MAX_STEPS, tooLong < 0 ? MAX_STEPS : tooLong));
}
