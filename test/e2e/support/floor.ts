// `node --import` of this file takes away what the oldest browsers of the client or Node 20 do not have, so that code which
// uses it fails. `WebSocket` stays: Node 20 has it behind an option.

import { NEWER, takeAway } from "../../support/newer-features.ts";

/** Leaves a method to Node itself, whose `fetch` and `WebSocket` call it. */
function leaveToNode(owner: object, key: PropertyKey): void {
  const method = Reflect.get(owner, key);
  const value = function (this: unknown, ...args: unknown[]) {
    const [, , caller = ""] = new Error().stack?.split("\n") ?? [];
    if (!caller.includes("node:")) throw new TypeError(`${String(key)} is not a function`);
    return method.apply(this, args);
  };
  Object.defineProperty(owner, key, { configurable: true, writable: true, value });
}

// Node loads its own parts at their first use, and they do with less than an app, but not while they load.
for (const name of ["fetch", "Response", "ReadableStream", "WebSocket"]) Reflect.get(globalThis, name);

const isOfNode = (name: string) => name === "toWellFormed" || name === "@@asyncIterator";
takeAway(NEWER.map(([owner, names]) => [owner, names.filter((name) => !isOfNode(name))]));
takeAway([["globalThis", ["CloseEvent", "EventSource", "Storage", "localStorage", "navigator"]]]);
leaveToNode(String.prototype, "toWellFormed");
leaveToNode(ReadableStream.prototype, Symbol.asyncIterator);
