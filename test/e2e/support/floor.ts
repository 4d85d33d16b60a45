// `node --import` of this file takes away what Safari 16.4, Chrome 111, Firefox 113 or Node 20 do not have, so that code
// which uses it fails. `WebSocket` stays: Node 20 has it behind an option.

const TypedArray = Object.getPrototypeOf(Int8Array);
const Iteration = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
const copying = ["toSorted", "toReversed", "toSpliced", "with"];

const NEWER: readonly (readonly [owner: object, names: readonly PropertyKey[]])[] = [
  [Array, ["fromAsync"]],
  [Array.prototype, copying],
  [TypedArray.prototype, copying],
  [Uint8Array, ["fromBase64", "fromHex"]],
  [Uint8Array.prototype, ["toBase64", "toHex", "setFromBase64", "setFromHex"]],
  [ArrayBuffer.prototype, ["transfer", "transferToFixedLength", "resize"]],
  [Object, ["groupBy"]],
  [Map, ["groupBy"]],
  [Map.prototype, ["getOrInsert", "getOrInsertComputed"]],
  [WeakMap.prototype, ["getOrInsert", "getOrInsertComputed"]],
  [
    Set.prototype,
    [
      ...["union", "intersection", "difference", "symmetricDifference"],
      ...["isSubsetOf", "isSupersetOf", "isDisjointFrom"],
    ],
  ],
  [
    Iteration,
    [
      ...["map", "filter", "take", "drop", "flatMap", "reduce"],
      ...["toArray", "forEach", "some", "every", "find"],
    ],
  ],
  [String.prototype, ["isWellFormed"]],
  [Promise, ["withResolvers", "try"]],
  [RegExp, ["escape"]],
  [Math, ["sumPrecise", "f16round"]],
  [JSON, ["rawJSON", "isRawJSON"]],
  [Error, ["isError"]],
  [Intl, ["Segmenter", "DurationFormat"]],
  [AbortSignal, ["any"]],
  [URL, ["canParse", "parse"]],
  [URLSearchParams.prototype, ["size"]],
  [Response, ["json"]],
  [Response.prototype, ["bytes"]],
  [Blob.prototype, ["bytes"]],
  [Headers.prototype, ["getSetCookie"]],
  [ReadableStream, ["from"]],
  [
    globalThis,
    [
      ...[
        "AsyncDisposableStack",
        "CloseEvent",
        "CustomEvent",
        "DisposableStack",
        "EventSource",
        "Float16Array",
      ],
      ...["Iterator", "Storage", "SuppressedError", "Temporal", "URLPattern", "localStorage", "navigator"],
    ],
  ],
];

for (const [owner, names] of NEWER) {
  for (const name of names) {
    if (!Reflect.deleteProperty(owner, name)) throw new Error(`${String(name)} cannot be taken away`);
  }
}

// Node's own `fetch` and `WebSocket` call this one.
const { toWellFormed } = String.prototype;
String.prototype.toWellFormed = function () {
  const [, , caller = ""] = new Error().stack?.split("\n") ?? [];
  if (!caller.includes("node:")) throw new TypeError("toWellFormed is not a function");
  return toWellFormed.call(this);
};
