/** The names in a path are the sender's: at most so many are sent back, each of at most so many UTF-16 units. */
const MAX_STEPS = 32;
const MAX_NAME_LENGTH = 128;

/** A path as a refusal carries it. One that would be too long ends early, at what the field stands in. */
export function refusalPath(path: readonly (string | number)[]): (string | number)[] {
  const tooLong = path.findIndex((step) => typeof step === "string" && step.length > MAX_NAME_LENGTH);
  return path.slice(0, Math.min(MAX_STEPS, tooLong < 0 ? MAX_STEPS : tooLong));
}
