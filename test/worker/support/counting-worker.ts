// The Worker, and a count of how often each object was started: GET /starts. It is for end-to-end tests, which cannot
// look into an object without waking it.

import { createApp } from "../../../src/http/app.ts";
import { RegistryObject } from "../../../src/registry/runtime/registry-object.ts";
import { RelayObject } from "../../../src/relay/runtime/relay-object.ts";
import { RoomObject as Room } from "../../../src/room/runtime/room-object.ts";
import { UserObject as User } from "../../../src/user/runtime/user-object.ts";

/** Locally, the Worker and its objects share the variables of a module. */
const starts: Record<string, number> = {};

function started({ id: { name = "" } }: DurableObjectState): void {
  starts[name] = (starts[name] ?? 0) + 1;
  // A timer that must never be in an object, to show that the count works.
  if (name.startsWith("restless_")) setInterval(() => {}, 60_000);
}

export class RoomObject extends Room {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    started(ctx);
  }
}

export class UserObject extends User {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    started(ctx);
  }
}

export { RegistryObject, RelayObject };

const app = createApp();

export default {
  fetch: (request, env, ctx) =>
    new URL(request.url).pathname === "/starts" ? Response.json(starts) : app.fetch(request, env, ctx),
} satisfies ExportedHandler<Cloudflare.Env>;
