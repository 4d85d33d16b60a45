// What the language and the platform have, and Safari 16.4, Chrome 111 or Firefox 113 do not: compared with MDN's
// browser-compat-data 8.1. The client must work without it.

/** An owner is a path from the global object, or an intrinsic object of the language; `@@` begins a well-known symbol. */
export type Features = readonly (readonly [owner: string, names: readonly string[]])[];

const copying = ["toSorted", "toReversed", "toSpliced", "with"];
const growing = ["maxByteLength", "growable", "grow"];

export const NEWER: Features = [
  ["Array", ["fromAsync"]],
  ["Array.prototype", copying],
  ["%TypedArray%.prototype", copying],
  ["Uint8Array", ["fromBase64", "fromHex"]],
  ["Uint8Array.prototype", ["toBase64", "toHex", "setFromBase64", "setFromHex"]],
  [
    "ArrayBuffer.prototype",
    ["transfer", "transferToFixedLength", "resize", "resizable", "maxByteLength", "detached"],
  ],
  ["SharedArrayBuffer.prototype", growing],
  ["DataView.prototype", ["getFloat16", "setFloat16"]],
  ["Atomics", ["pause", "waitAsync"]],
  ["Object", ["groupBy"]],
  ["Map", ["groupBy"]],
  ["Map.prototype", ["getOrInsert", "getOrInsertComputed"]],
  ["WeakMap.prototype", ["getOrInsert", "getOrInsertComputed"]],
  [
    "Set.prototype",
    [
      ...["union", "intersection", "difference", "symmetricDifference"],
      ...["isSubsetOf", "isSupersetOf", "isDisjointFrom"],
    ],
  ],
  [
    "%Iterator%",
    [
      ...["map", "filter", "take", "drop", "flatMap", "reduce"],
      ...["toArray", "forEach", "some", "every", "find", "@@dispose"],
    ],
  ],
  ["String.prototype", ["isWellFormed", "toWellFormed"]],
  ["Promise", ["withResolvers", "try"]],
  ["RegExp", ["escape"]],
  ["RegExp.prototype", ["unicodeSets"]],
  ["Math", ["sumPrecise", "f16round"]],
  ["JSON", ["rawJSON", "isRawJSON"]],
  ["Error", ["isError"]],
  ["Intl", ["Segmenter", "DurationFormat"]],
  ["AbortSignal", ["any"]],
  ["URL", ["canParse", "parse"]],
  ["URLSearchParams.prototype", ["size"]],
  ["Request.prototype", ["body", "bytes", "duplex", "keepalive"]],
  ["Response", ["json"]],
  ["Response.prototype", ["bytes"]],
  ["Blob.prototype", ["bytes", "textStream"]],
  ["Headers.prototype", ["getSetCookie"]],
  ["ReadableStream", ["from"]],
  ["ReadableStream.prototype", ["values", "@@asyncIterator"]],
  ["SubtleCrypto", ["supports"]],
  ["SubtleCrypto.prototype", ["getPublicKey", "encapsulateKey", "encapsulateBits"]],
  ["Document.prototype", ["startViewTransition"]],
  ["Element.prototype", ["checkVisibility", "moveBefore", "getHTML", "setHTMLUnsafe"]],
  [
    "Navigator.prototype",
    ["connection", "userActivation", "scheduling", "setAppBadge", "clearAppBadge", "userAgentData"],
  ],
  [
    "globalThis",
    [
      ...["AsyncDisposableStack", "DisposableStack", "SuppressedError"],
      ...["Float16Array", "Iterator", "Temporal", "URLPattern"],
      ...["ReadableByteStreamController", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest"],
      ...["WebSocketStream", "WebTransport", "IdleDetector", "SyncManager", "PeriodicSyncManager"],
      ...["scheduler", "navigation", "cookieStore"],
    ],
  ],
];

/** Names that older objects have too, or that are words: only code that runs shows what it means by them. */
const COMMON = new Set([
  ...["with", "map", "filter", "take", "drop", "flatMap", "reduce", "forEach", "some", "every", "find"],
  ...["size", "body", "bytes", "keepalive", "values", "connection", "scheduling"],
]);

/** The features of which code says that it uses them, without having asked whether they are there. */
export function featuresIn(code: string, features: Features): readonly string[] {
  return features.flatMap(([owner, names]) => {
    const isStatic = !/prototype$|^%/.test(owner);
    const found = (name: string) => {
      if (owner === "globalThis") return /^[A-Z]/.test(name) && new RegExp(`\\b${name}\\b`).test(code);
      if (isStatic) return code.includes(`${owner}.${name}(`);
      return !COMMON.has(name) && new RegExp(`\\.${name}\\b`).test(code);
    };
    const isAskedFor = (name: string) => new RegExp(`"${name}"\\s*in\\b`).test(code);
    return names.filter((name) => found(name) && !isAskedFor(name)).map((name) => `${owner}.${name}`);
  });
}

/** Takes features away, so that code which uses them fails. It runs in pages too, and so uses nothing of this file. */
export function takeAway(features: Features): void {
  const intrinsics: Readonly<Record<string, unknown>> = {
    globalThis,
    "%TypedArray%.prototype": Object.getPrototypeOf(Int8Array.prototype),
    "%Iterator%": Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())),
  };
  for (const [path, names] of features) {
    const owner =
      intrinsics[path] ?? path.split(".").reduce<unknown>((part, name) => Object(part)[name], globalThis);
    if (owner === undefined) continue;
    for (const name of names) {
      const key = name.startsWith("@@") ? Object(Symbol)[name.slice(2)] : name;
      if (key !== undefined && !Reflect.deleteProperty(Object(owner), key))
        throw new Error(`${path}.${name} cannot be taken away`);
    }
  }
}
