// A call takes 32 MiB. A flush may have more: then it is several dispatches.

import type {
  AddressedDispatch,
  DeliverStep,
  Dispatch,
  RelayEntry,
  RelayQuestion,
  RelayStep,
} from "./relay-calls.ts";

/** UTF-16 units of a dispatch, and of the dispatches of one call: each may take two bytes. */
const MAX_CALL_LENGTH = 4 * 1_048_576;

/** The state of a connection is an attachment of its socket, which has at most so many bytes. */
const MAX_ATTACHMENT_LENGTH = 16_384;

/** What a step, or a question, takes beside texts and states. */
const STEP_LENGTH = 128;

/** Parts that follow on each other. All but the last leave the relay where it is in the log. */
export function splitDispatch(dispatch: Dispatch, maxLength = MAX_CALL_LENGTH): Dispatch[] {
  const texts = dispatch.texts.reduce((sum, { length }) => sum + length, 0);
  if (texts + lengthOfAll(dispatch.steps) <= maxLength) return [dispatch];
  const parts = chunks(
    dispatch.steps.flatMap((step) => splitStep(step, maxLength)),
    lengthOfStep,
    Math.max(1, maxLength - texts),
  );
  return parts.map((steps, at) => ({
    ...dispatch,
    steps,
    number: dispatch.number + at,
    ...(at < parts.length - 1 && { upTo: dispatch.after }),
  }));
}

/** As many as fit in a call go together. */
export function callsOf(gathered: readonly AddressedDispatch[]): Dispatch[][] {
  const calls: Dispatch[][] = [];
  let left = 0;
  for (const { dispatch } of gathered) {
    const length = lengthOf(dispatch);
    if (calls.length === 0 || length > left) {
      calls.push([]);
      left = MAX_CALL_LENGTH;
    }
    calls.at(-1)?.push(dispatch);
    left -= length;
  }
  return calls;
}

/** How many of them go with one call to a hub: what goes to several relays is in it once. */
export function firstOfCall(gathered: readonly AddressedDispatch[], maxLength = MAX_CALL_LENGTH): number {
  const seen = new Set<unknown>();
  let left = maxLength;
  for (const [at, { dispatch }] of gathered.entries()) {
    for (const question of dispatch.asks) if (isNew(seen, question)) left -= lengthOfQuestion(question);
    for (const text of dispatch.texts) if (isNew(seen, text)) left -= text.length;
    for (const step of dispatch.steps)
      if (isNew(seen, step.do === "deliver" ? step.entries : step)) left -= lengthOfStep(step);
      else if (step.do === "deliver") left -= lengthOfAnswers(step);
    if (left < 0 && at > 0) return at;
  }
  return gathered.length;
}

function isNew(seen: Set<unknown>, one: unknown): boolean {
  if (seen.has(one)) return false;
  seen.add(one);
  return true;
}

function lengthOf({ steps, texts, asks }: Dispatch): number {
  let length = lengthOfAll(steps);
  for (const text of texts) length += text.length;
  for (const question of asks) length += lengthOfQuestion(question);
  return length;
}

/** With the answer, which comes back with those to all dispatches of a call. */
function lengthOfQuestion(question: RelayQuestion): number {
  switch (question.about) {
    case "users":
      return question.users.reduce((sum, { length }) => sum + length, STEP_LENGTH);
    case "place":
      return STEP_LENGTH;
    case "connection":
      return STEP_LENGTH + MAX_ATTACHMENT_LENGTH;
  }
}

const lengthOfAll = (steps: readonly RelayStep[]): number =>
  steps.reduce((sum, step) => sum + lengthOfStep(step), 0);

function lengthOfStep(step: RelayStep): number {
  switch (step.do) {
    case "send":
      return step.frames.reduce<number>(
        (sum, frame) => sum + (typeof frame === "string" ? frame.length : 0),
        STEP_LENGTH,
      );
    case "deliver":
      return step.entries.reduce(
        (sum, entry) => sum + lengthOfEntry(entry),
        STEP_LENGTH + lengthOfAnswers(step),
      );
    // What a user says of themselves may be as large as an attachment.
    case "open":
    case "state":
      return STEP_LENGTH + JSON.stringify(step.state).length;
    default:
      return STEP_LENGTH;
  }
}

const lengthOfEntry = (entry: RelayEntry): number =>
  entry.json.length + (entry.kind === "stored" ? (entry.now?.body.length ?? 0) : 0);

function lengthOfAnswers({ answers }: DeliverStep): number {
  let length = 0;
  for (const [, texts] of answers) for (const text of texts) length += text.length;
  return length;
}

/** Its answers come with its last part. */
function splitStep(step: RelayStep, maxLength: number): RelayStep[] {
  if (step.do !== "deliver" || lengthOfStep(step) <= maxLength) return [step];
  const parts = chunks<RelayEntry>(step.entries, lengthOfEntry, maxLength);
  const deliver = (entries: readonly RelayEntry[]): DeliverStep => ({
    ...{ do: "deliver", entries, answers: [], checkpoint: null },
  });
  return [...parts.slice(0, -1).map(deliver), { ...step, entries: parts.at(-1) ?? [] }];
}

function chunks<T>(all: readonly T[], lengthOfOne: (one: T) => number, maxLength: number): T[][] {
  const parts: T[][] = [[]];
  let left = maxLength;
  for (const one of all) {
    const length = lengthOfOne(one);
    if (length > left && parts.at(-1)?.length !== 0) {
      parts.push([]);
      left = maxLength;
    }
    parts.at(-1)?.push(one);
    left -= length;
  }
  return parts;
}
