// Every line that the server logs. A new event is one entry in the file of its theme: its name, what it means, what an
// operator does about it, and its fields. `log` takes nothing else. Never a token, a key, message data or an address.

import { CONNECTION_LINES } from "./connection-lines.ts";
import type { LogFieldValues } from "./field-values.ts";
import { OBJECT_LINES } from "./object-lines.ts";
import { OUTGOING_LINES } from "./outgoing-lines.ts";
import { ROOM_LINES } from "./room-lines.ts";

export const LOG_CATALOGUE = {
  ...OBJECT_LINES,
  ...CONNECTION_LINES,
  ...ROOM_LINES,
  ...OUTGOING_LINES,
} as const;

type Catalogue = typeof LOG_CATALOGUE;

export type LogEventName = keyof Catalogue;

type FieldsWith<Event extends LogEventName, Part extends "fields" | "optional"> = Catalogue[Event] extends {
  readonly [part in Part]: readonly (infer Field extends keyof LogFieldValues)[];
}
  ? Field
  : never;

type Operation<Event extends LogEventName> = Catalogue[Event]["from"] extends readonly (infer Name)[]
  ? { readonly operation: Name }
  : object;

/** The fields that a line of this event has. */
export type LogFields<Event extends LogEventName> = {
  readonly [field in FieldsWith<Event, "fields">]: LogFieldValues[field];
} & {
  readonly [field in FieldsWith<Event, "optional">]?: LogFieldValues[field] | undefined;
} & Operation<Event>;
