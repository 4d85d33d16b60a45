// How the contract describes the JSON on the wire: literals of plain data. From one schema come the TypeScript type
// ({@link Infer}), the server's validation (`src/validation`) and the client's check (`client/util/wire.ts`). Data, so
// that a bundler drops what is not used, a test can hash the wire, and other formats can be generated from it.

import type { NotificationState, Permission, Priority, Recovery, Status } from "./words.ts";

/** The schemas that are one word, and what each of them holds. */
interface Atoms {
  /** Any JSON. As a required field it may be `null`, but not left out. */
  readonly any: unknown;
  readonly boolean: boolean;
  readonly number: number;
  /** A count: a whole number of at least 0. */
  readonly int: number;
  /** A position in a log: a whole number of at least 0. */
  readonly seq: number;
  /** The position of an event: a whole number of at least 1. */
  readonly eventSeq: number;
  /** Milliseconds since 1970 UTC, at most `MAX_INSTANT_MS`. */
  readonly instant: number;
  readonly text: string;
  // Texts with a grammar: see `names.ts` and PROTOCOL.md §1.
  readonly commandId: string;
  readonly emoji: string;
  readonly eventName: string;
  /** 1 to 200 characters. */
  readonly notificationId: string;
  readonly roomName: string;
  /** A room name, or the beginning of one and `*`. */
  readonly roomPattern: string;
  /** `"22:00"`: hours and minutes of a day. */
  readonly timeOfDay: string;
  /** A place of the IANA database, such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly userId: string;
  // One of a few texts: see `words.ts`.
  readonly notificationState: NotificationState;
  readonly permission: Permission;
  readonly priority: Priority;
  readonly recovery: Recovery;
  readonly status: Status;
  /** One step of a path into JSON: the name of a field, or an index. */
  readonly step: string | number;
}

export type Atom = keyof Atoms;

/** Those that are texts: they can be the keys of an object. */
export type TextAtom = { [A in Atom]: Atoms[A] extends string ? A : never }[Atom];

/** An object: a schema for each field. Unknown fields are ignored. */
export type Fields = { readonly [Field in string]: Schema };

export type Compound =
  /** A field that may be left out. It is never `null` instead. */
  | readonly ["optional", Schema]
  | readonly ["nullable", Schema]
  /** This value and no other. */
  | readonly ["is", string | true]
  /** One of these texts. A client takes any text: a newer server may know more of them. */
  | readonly ["one of", readonly string[]]
  /** One of the names of the fields of this table. A client takes any text here too. */
  | readonly ["key of", Readonly<Record<string, unknown>>]
  /** A whole number from `min` to `max`, both included. */
  | readonly ["int", min: number, max?: number]
  /** A text of `min` to `max` UTF-16 units. */
  | readonly ["text", min: number, max: number]
  /** A list of `min` to `max` items; `noun` is what a refusal calls them, in the plural. */
  | readonly ["list", item: Schema, min?: number, max?: number, noun?: string]
  /** An object whose keys are data; `noun` is what a refusal calls its entries. */
  | readonly ["record", key: TextAtom, value: Schema, noun?: string]
  /** An object whose `type` says which of these it is. A client ignores one of an unknown `type`. */
  | readonly ["by type", Readonly<Record<string, Fields>>]
  /** As `Fields`, but an unknown field is refused: a misspelt one would change the effect without notice. */
  | readonly ["strict", Fields];

export type Schema = Atom | Compound | Fields;

/** The type of what a schema describes. Readonly; the docs of a schema's fields are the docs of the type's fields. */
export type Infer<S> = [Schema] extends [S] ? unknown : Described<S>;

type Described<S> = S extends Atom
  ? Atoms[S]
  : S extends readonly ["optional", infer Inner]
    ? Infer<Inner>
    : S extends readonly ["nullable", infer Inner]
      ? Infer<Inner> | null
      : S extends readonly ["is", infer Value]
        ? Value
        : S extends readonly ["one of", readonly (infer Value)[]]
          ? Value
          : S extends readonly ["key of", infer Table]
            ? keyof Table
            : S extends readonly ["int", ...unknown[]]
              ? number
              : S extends readonly ["text", ...unknown[]]
                ? string
                : S extends readonly ["list", infer Item, ...unknown[]]
                  ? readonly Infer<Item>[]
                  : S extends readonly ["record", unknown, infer Value, ...unknown[]]
                    ? Readonly<Record<string, Infer<Value>>>
                    : S extends readonly ["by type", infer Table]
                      ? InferTable<Table>
                      : S extends readonly ["strict", infer Inner]
                        ? InferFields<Inner>
                        : InferFields<S>;

/** One of the objects that a table of schemas describes. */
export type InferTable<Table> = { [Name in keyof Table]: Infer<Table[Name]> }[keyof Table];

type OptionalField<F> = {
  [Field in keyof F]: F[Field] extends readonly ["optional", unknown] ? Field : never;
}[keyof F];

// Both go over the fields of F itself: so TypeScript keeps the docs of each.
type RequiredPart<F, Name extends keyof F> = { readonly [Field in Name]: Infer<F[Field]> };
type OptionalPart<F, Name extends keyof F> = { readonly [Field in Name]?: Infer<F[Field]> };

type Merged<T> = { [Field in keyof T]: T[Field] };

type InferFields<F> = Merged<
  RequiredPart<F, Exclude<keyof F, OptionalField<F>>> & OptionalPart<F, OptionalField<F>>
>;

/**
 * The fields of both. Its calls are marked as pure: a bundler keeps a spread, also in a schema that nothing uses, as it
 * cannot know that it has no effect.
 */
export const merge = <A extends Fields, const B extends Fields>(a: A, b: B): A & B => ({ ...a, ...b });

/** Tells a compound schema from the fields of an object. */
export const isCompound = (schema: Compound | Fields): schema is Compound => Array.isArray(schema);

// ---- reading JSON that somebody else wrote ----

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value parsed from JSON is an object: neither a list nor `null`. */
export const isRecord = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `undefined` where `text` is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
