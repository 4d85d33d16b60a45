// One room over RPC, which sees the methods of a class and nothing that stands in an instance.

import { RpcTarget } from "cloudflare:workers";
import type { RoomOfBinding } from "../../../client/server/rooms-binding.ts";
import type { ServerRoom } from "../../../client/server/server-room.ts";
import { RpcExport } from "./rpc-export.ts";

export class RpcRoom extends RpcTarget implements RoomOfBinding {
  readonly #room: () => ServerRoom;

  constructor(room: () => ServerRoom) {
    super();
    this.#room = room;
  }

  stream(...args: Parameters<RoomOfBinding["stream"]>): ReturnType<RoomOfBinding["stream"]> {
    return this.#room().stream(...args);
  }

  publish(...args: Parameters<ServerRoom["publish"]>): ReturnType<ServerRoom["publish"]> {
    return this.#room().publish(...args);
  }

  append(...args: Parameters<ServerRoom["append"]>): ReturnType<ServerRoom["append"]> {
    return this.#room().append(...args);
  }

  finish(...args: Parameters<ServerRoom["finish"]>): ReturnType<ServerRoom["finish"]> {
    return this.#room().finish(...args);
  }

  stop(...args: Parameters<ServerRoom["stop"]>): ReturnType<ServerRoom["stop"]> {
    return this.#room().stop(...args);
  }

  takeOver(...args: Parameters<ServerRoom["takeOver"]>): ReturnType<ServerRoom["takeOver"]> {
    return this.#room().takeOver(...args);
  }

  signal(...args: Parameters<ServerRoom["signal"]>): ReturnType<ServerRoom["signal"]> {
    return this.#room().signal(...args);
  }

  messages(...args: Parameters<ServerRoom["messages"]>): ReturnType<ServerRoom["messages"]> {
    return this.#room().messages(...args);
  }

  edit(...args: Parameters<ServerRoom["edit"]>): ReturnType<ServerRoom["edit"]> {
    return this.#room().edit(...args);
  }

  delete(...args: Parameters<ServerRoom["delete"]>): ReturnType<ServerRoom["delete"]> {
    return this.#room().delete(...args);
  }

  members(...args: Parameters<ServerRoom["members"]>): ReturnType<ServerRoom["members"]> {
    return this.#room().members(...args);
  }

  receipts(...args: Parameters<ServerRoom["receipts"]>): ReturnType<ServerRoom["receipts"]> {
    return this.#room().receipts(...args);
  }

  info(...args: Parameters<ServerRoom["info"]>): ReturnType<ServerRoom["info"]> {
    return this.#room().info(...args);
  }

  setSettings(...args: Parameters<ServerRoom["setSettings"]>): ReturnType<ServerRoom["setSettings"]> {
    return this.#room().setSettings(...args);
  }

  kick(...args: Parameters<ServerRoom["kick"]>): ReturnType<ServerRoom["kick"]> {
    return this.#room().kick(...args);
  }

  unban(...args: Parameters<ServerRoom["unban"]>): ReturnType<ServerRoom["unban"]> {
    return this.#room().unban(...args);
  }

  bans(...args: Parameters<ServerRoom["bans"]>): ReturnType<ServerRoom["bans"]> {
    return this.#room().bans(...args);
  }

  purge(...args: Parameters<ServerRoom["purge"]>): ReturnType<ServerRoom["purge"]> {
    return this.#room().purge(...args);
  }

  schedule(...args: Parameters<ServerRoom["schedule"]>): ReturnType<ServerRoom["schedule"]> {
    return this.#room().schedule(...args);
  }

  scheduled(...args: Parameters<ServerRoom["scheduled"]>): ReturnType<ServerRoom["scheduled"]> {
    return this.#room().scheduled(...args);
  }

  reschedule(...args: Parameters<ServerRoom["reschedule"]>): ReturnType<ServerRoom["reschedule"]> {
    return this.#room().reschedule(...args);
  }

  unschedule(...args: Parameters<ServerRoom["unschedule"]>): ReturnType<ServerRoom["unschedule"]> {
    return this.#room().unschedule(...args);
  }

  export(): RpcExport {
    return new RpcExport(() => this.#room().export());
  }

  import(...args: Parameters<RoomOfBinding["import"]>): ReturnType<RoomOfBinding["import"]> {
    return this.#room().import(...args);
  }
}
