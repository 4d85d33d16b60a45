// Requests that the Worker makes to itself for another Worker, which calls over a service binding.

import type { ServerIdentity } from "../access/identity.ts";

/** Who a request is made for. Only code of this Worker can add one: nothing that a client sends makes it an entry here. */
const callers = new WeakMap<object, ServerIdentity>();

/** The request is answered as one of server code. */
export function trust(request: Request, caller: ServerIdentity): Request {
  callers.set(request, caller);
  return request;
}

export const trustedCaller = (request: object): ServerIdentity | undefined => callers.get(request);
