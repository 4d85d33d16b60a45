// One user over RPC: see `rpc-room.ts`.

import { RpcTarget } from "cloudflare:workers";
import type { UserOfBinding } from "../../../client/server/rooms-binding.ts";
import type { ServerUser } from "../../../client/server/server-user.ts";
import { RpcExport } from "./rpc-export.ts";

export class RpcUser extends RpcTarget implements UserOfBinding {
  readonly #user: () => ServerUser;

  constructor(user: () => ServerUser) {
    super();
    this.#user = user;
  }

  presence(...args: Parameters<ServerUser["presence"]>): ReturnType<ServerUser["presence"]> {
    return this.#user().presence(...args);
  }

  signal(...args: Parameters<ServerUser["signal"]>): ReturnType<ServerUser["signal"]> {
    return this.#user().signal(...args);
  }

  disconnect(...args: Parameters<ServerUser["disconnect"]>): ReturnType<ServerUser["disconnect"]> {
    return this.#user().disconnect(...args);
  }

  follow(...args: Parameters<ServerUser["follow"]>): ReturnType<ServerUser["follow"]> {
    return this.#user().follow(...args);
  }

  unfollow(...args: Parameters<ServerUser["unfollow"]>): ReturnType<ServerUser["unfollow"]> {
    return this.#user().unfollow(...args);
  }

  erase(...args: Parameters<ServerUser["erase"]>): ReturnType<ServerUser["erase"]> {
    return this.#user().erase(...args);
  }

  export(): RpcExport {
    return new RpcExport(() => this.#user().export());
  }
}
