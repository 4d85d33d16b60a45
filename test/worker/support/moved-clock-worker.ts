// The Worker, with a clock that a test moves on: GET /test/clock?ms=60000. Timers and alarms of the runtime stay as they
// are. It is for end-to-end tests of what is right within a minute.

import { createApp } from "../../../src/http/app.ts";

export { RegistryObject } from "../../../src/registry/runtime/registry-object.ts";
export { RelayObject } from "../../../src/relay/runtime/relay-object.ts";
export { RoomObject } from "../../../src/room/runtime/room-object.ts";
export { UserObject } from "../../../src/user/runtime/user-object.ts";

/** Locally, the Worker and its objects share the variables of a module. */
let movedMs = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + movedMs;

const app = createApp();

export default {
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/test/clock") return app.fetch(request, env, ctx);
    movedMs += Number(searchParams.get("ms"));
    return Response.json({ movedMs });
  },
} satisfies ExportedHandler<Cloudflare.Env>;
