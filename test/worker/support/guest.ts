// A real client of the Worker of this test, in one room, over whatever carries its frames. A further way is a line of
// `WAYS`.

import { expect, onTestFinished, vi } from "vitest";
import { Client, type ClientOptions } from "../../../client/core/client.ts";
import type { RoomHandle } from "../../../client/room/room-handle.ts";
import type { RoomOptions } from "../../../client/room/room-types.ts";
import { sharedRoom } from "../../../client/session/shared-room.ts";
import type { Ports } from "../../../client/util/ports.ts";
import { clientPorts, workerDial } from "./client-ports.ts";
import { type TokenOptions, tokenFor } from "./worker.ts";

export const WAYS = [
  { way: "a socket of its own", isShared: false, polling: "never" },
  { way: "a session", isShared: true, polling: "never" },
  { way: "calls", isShared: false, polling: "always" },
  { way: "a session over calls", isShared: true, polling: "always" },
] as const;

export type Way = (typeof WAYS)[number];

export class Guest {
  readonly client: Client;
  readonly room: RoomHandle;
  readonly received: unknown[] = [];
  readonly states: string[] = [];

  constructor(way: Way, name: string, user: string, options: GuestOptions = {}) {
    const { token, room, fetch, clock, ...others } = options;
    const getToken = () => tokenFor(user, token);
    const { polling } = way;
    this.client = new Client(
      { url: "https://rooms.test", getToken, polling, log: "off", ...others },
      { ...clientPorts(workerDial), ...(fetch && { fetch }), ...(clock && { clock }) },
    );
    onTestFinished(() => this.client.close());
    this.room = way.isShared ? sharedRoom(this.client, name, room) : this.client.room(name, room);
    this.room.on("message", ({ data }) => this.received.push(data));
    this.room.on("state", ({ status }) => this.states.push(status));
  }

  async live(): Promise<this> {
    await until(() => expect(this.room.state.status).toBe("connected"));
    return this;
  }

  get members(): string[] {
    return this.room.members.map(({ id }) => id).sort();
  }
}

export interface GuestOptions extends Partial<ClientOptions> {
  readonly token?: TokenOptions;
  readonly room?: RoomOptions;
  readonly fetch?: Ports["fetch"];
  readonly clock?: Ports["clock"];
}

/** Looks again and again, with pauses in which the runtime looks at its sockets. */
export const until = (look: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(look, { interval: 10, timeout: 12_000 });
