// A real client of the Worker of this test, in one room, over whatever carries its frames. A further way is a line of
// `WAYS`.

import { expect, onTestFinished, vi } from "vitest";
import { Client, type ClientOptions } from "../../../client/core/client.ts";
import type { RoomHandle } from "../../../client/room/room-handle.ts";
import type { RoomOptions } from "../../../client/room/room-types.ts";
import { sharedRoom } from "../../../client/session/shared-room.ts";
import { sharingOver } from "../../../client/tabs/sharing-over.ts";
import type { Ports } from "../../../client/util/ports.ts";
import { FakeBrowserTabs } from "../../support/fake-browser-tabs.ts";
import { clientPorts, workerDial } from "./client-ports.ts";
import { type TokenOptions, tokenFor } from "./worker.ts";

export const WAYS = [
  { way: "a socket of its own", isShared: false, polling: "never", hasTabs: false },
  { way: "a session", isShared: true, polling: "never", hasTabs: false },
  { way: "calls", isShared: false, polling: "always", hasTabs: false },
  { way: "a session over calls", isShared: true, polling: "always", hasTabs: false },
  { way: "the socket of another tab", isShared: false, polling: "never", hasTabs: true },
  { way: "the session of another tab", isShared: true, polling: "never", hasTabs: true },
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
    const ports = { ...clientPorts(workerDial), ...(fetch && { fetch }), ...(clock && { clock }) };
    const browser = new FakeBrowserTabs(ports.clock);
    const open = () => {
      const tabs = way.hasTabs ? sharingOver(browser.open().ports) : undefined;
      const given = { url: "https://rooms.test", getToken, polling, log: "off", tabs, ...others } as const;
      const client = new Client(given, ports);
      onTestFinished(() => client.close());
      return client;
    };
    // It is the first one, so it holds the connections, and is itself in another room.
    if (way.hasTabs) open().room(`${name}_of_the_holder`);
    this.client = open();
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
