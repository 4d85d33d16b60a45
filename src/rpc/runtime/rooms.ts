// The entrypoint for other Workers of the account. Only its deployer can bind a Worker to it, so it asks for no key.

import { WorkerEntrypoint } from "cloudflare:workers";
import type { RoomsBinding } from "../../../client/server/rooms-binding.ts";
import type { ServerApi } from "../../../client/server/server-api.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import type { Env } from "../../env.ts";
import { isEventName, isRecord } from "../../protocol/index.ts";
import { RpcRoom } from "./rpc-room.ts";
import { RpcUser } from "./rpc-user.ts";
import { serverInside } from "./server-inside.ts";

/** In log lines, the name of a caller whose binding gives none. */
const UNNAMED = "rpc";

/**
 * What `edge-rooms/server` does, for a Worker whose binding has `entrypoint = "Rooms"`. In log lines the caller is
 * `props.name` of that binding.
 */
export class Rooms extends WorkerEntrypoint<Env> implements RoomsBinding {
  // It has no `fetch`: a Worker that passes on the requests of others would give each of them the rights of an API key.
  get #server(): ServerApi {
    return serverInside(nameIn(this.ctx.props), this.env, this.ctx);
  }

  // A wrong name is refused by the method that is called next: of an error here, which that call would hear of from the
  // runtime, nothing arrives but the message.
  room(name: string): RpcRoom {
    return new RpcRoom(() => this.#server.room(name));
  }

  user(id: string): RpcUser {
    return new RpcUser(() => this.#server.user(id));
  }

  notify(...args: Parameters<ServerApi["notify"]>): ReturnType<ServerApi["notify"]> {
    return this.#server.notify(...args);
  }

  broadcast(...args: Parameters<ServerApi["broadcast"]>): ReturnType<ServerApi["broadcast"]> {
    return this.#server.broadcast(...args);
  }

  token(...args: Parameters<ServerApi["token"]>): ReturnType<ServerApi["token"]> {
    return this.#server.token(...args);
  }

  stats(...args: Parameters<ServerApi["stats"]>): ReturnType<ServerApi["stats"]> {
    return this.#server.stats(...args);
  }

  rooms(...args: Parameters<ServerApi["rooms"]>): ReturnType<ServerApi["rooms"]> {
    return this.#server.rooms(...args);
  }

  users(...args: Parameters<ServerApi["users"]>): ReturnType<ServerApi["users"]> {
    return this.#server.users(...args);
  }

  call(...args: Parameters<ServerApi["call"]>): ReturnType<ServerApi["call"]> {
    return this.#server.call(...args);
  }
}

function nameIn(props: unknown): string {
  if (!isRecord(props) || props.name === undefined) return UNNAMED;
  if (typeof props.name === "string" && isEventName(props.name)) return props.name;
  throw new RoomsError("bad_request", "props.name of the binding must be 1 to 64 of A-Z a-z 0-9 _ . : -", {
    path: ["props", "name"],
  });
}
