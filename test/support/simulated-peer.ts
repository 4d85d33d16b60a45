// One real client in a simulated world: what it does, what it received, and whether that is right.

import { expect } from "vitest";
import { Client } from "../../client/core/client.ts";
import type { Stored } from "../../client/room/messages/outbox.ts";
import type { SendOptions } from "../../client/room/messages/send-options.ts";
import type { RoomHandle } from "../../client/room/room-handle.ts";
import { RoomsError } from "../../client/util/errors.ts";
import type { Clock } from "../../client/util/ports.ts";
import type { ChangeResult, Message, Permission, Topics } from "../../src/protocol/index.ts";
import type { FakeSocket } from "../unit/client/support/fake-sockets.ts";
import { FakeSockets } from "../unit/client/support/fake-sockets.ts";
import { ExpectedClient } from "./expected-client.ts";
import type { LogEpoch, RecordedLog } from "./recorded-log.ts";
import { topicsOf } from "./simulated-network.ts";

export interface Profile {
  readonly user: string;
  /** The index of this client among all. */
  readonly index: number;
  readonly topics: Topics;
  readonly presence: boolean;
  readonly history: number;
  /** Its clock is wrong by this much. */
  readonly skewMs: number;
  readonly permission?: Permission;
}

export interface PeerWorld {
  readonly clock: Clock;
  readonly recordedLog: RecordedLog;
  random(): number;
  getToken(profile: Profile): Promise<string>;
  onDial(peer: SimulatedPeer, socket: FakeSocket): void;
}

/** The result of one send. `closed`: its connection was ended for good, so the result is unknown. */
export type SendOutcome = "waiting" | Stored | { readonly refused: string };

/** One edit, deletion or reaction, and its result. */
export interface ChangeAttempt {
  readonly target: number;
  readonly logEpoch: LogEpoch | undefined;
  /** The new data of an edit, which is used only once. */
  readonly text?: string;
  outcome: "waiting" | ChangeResult | { readonly refused: string };
}

/**
 * A refusal with one of these codes says nothing about earlier tries. `forbidden` is expected only for forbidden sends.
 */
const ENDINGS = new Set(["token_expired", "unauthorized", "closed", "banned", "deleted", "forbidden"]);

export class SimulatedPeer {
  readonly profile: Profile;
  readonly client: Client;
  readonly room: RoomHandle;
  readonly expectation: ExpectedClient;
  /** Sequenced events, in the order in which the app received them. */
  readonly received: unknown[] = [];
  readonly attempts: ChangeAttempt[] = [];
  readonly signals: { readonly by: number; readonly number: number; readonly to: unknown }[] = [];
  /** By data, which is sent only once. */
  readonly outcomes = new Map<string, SendOutcome>();
  readonly tally = { dials: 0, lost: 0, endings: 0 };
  readonly warnings: string[] = [];
  paused = false;
  #checked = 0;
  #sends = 0;
  /** Events that it may not send. */
  readonly forbidden = new Set<string>();

  constructor(profile: Profile, world: PeerWorld) {
    this.profile = profile;
    const { index, topics, history, skewMs } = profile;
    this.expectation = new ExpectedClient(world.recordedLog, history);
    const sockets = new FakeSockets();
    let ids = 0;
    const { clock } = world;
    this.client = new Client(
      {
        url: "https://rooms.example.com",
        polling: "never",
        getToken: () => world.getToken(profile),
        log: (level, message) => {
          if (level !== "debug") this.warnings.push(message);
        },
        reconnect: { minMs: 100, maxMs: 2_000 },
      },
      {
        clock: {
          now: () => clock.now() + skewMs,
          elapsed: () => clock.elapsed(),
          after: (ms, fn) => clock.after(ms, fn),
        },
        random: world.random,
        newId: () => `p${index}-${++ids}`,
        dial: (url, protocols, events) => {
          const socket = sockets.dial(url, protocols, events);
          this.tally.dials += 1;
          this.expectation.dials(socket.url.searchParams.get("since"), topicsOf(socket));
          world.onDial(this, socket);
          return socket;
        },
        origin: undefined,
        fetch: () => Promise.reject(new TypeError("nothing is called over HTTP here")),
        onWake: () => () => {},
        onSuspend: () => () => {},
        tabStore: {},
      },
    );
    this.room = this.client.room("lobby", { history, topics });
    for (const type of ["message", "messageUpdated", "messageDeleted", "reaction"] as const) {
      this.room.on(type, (event) => this.received.push(event));
    }
    this.room.on("lost", () => this.#onLost());
    this.room.on("signal", ({ data }) => this.#onSignal(data));
  }

  /** Sends new data: a text, padded if it has to be large. */
  send(options: SendOptions, bytes = 0): void {
    const text = `${this.profile.index}:${++this.#sends} ${"x".repeat(bytes)}`;
    if (options.event?.startsWith("secret")) this.forbidden.add(text);
    this.#follow(text, this.room.send(text, options));
  }

  edit(target: number, bytes: number): void {
    const text = `${this.profile.index}:edit ${++this.#sends} ${"x".repeat(bytes)}`;
    this.#watch(
      { target, logEpoch: this.expectation.logEpoch, text, outcome: "waiting" },
      this.room.edit(target, text),
    );
  }

  /** Deletes, adds a reaction or removes one. */
  change(target: number, change: () => Promise<ChangeResult>): void {
    this.#watch({ target, logEpoch: this.expectation.logEpoch, outcome: "waiting" }, change());
  }

  /** After a final end: the app reconnects and tries again what failed with it. */
  revive(): void {
    if (this.paused) return;
    for (const { id, data, error } of [...this.room.outbox]) {
      const refused = error?.code === "forbidden" && this.forbidden.has(String(data));
      if (error !== undefined && ENDINGS.has(error.code) && !refused)
        this.#follow(String(data), this.room.retry(id));
    }
    if (this.room.state.status !== "disconnected") return;
    this.tally.endings += 1;
    this.room.reconnect();
  }

  /** Sends again what was not known to be stored, as a person would. */
  retryStale(isStored: (text: string) => boolean): void {
    for (const { id, data, error } of [...this.room.outbox]) {
      if (error?.code !== "stale_retry" || isStored(String(data))) continue;
      this.#follow(String(data), this.room.retry(id));
    }
  }

  /** Whether all is as it must be after the latest event. */
  check(): void {
    const { expectation, received } = this;
    if (expectation.faults.length > 0) this.#fail(expectation.faults.join("; "));
    for (; this.#checked < Math.max(received.length, expectation.events.length); this.#checked++) {
      const [got, due] = [received[this.#checked], expectation.events[this.#checked]];
      if (JSON.stringify(got) !== due) this.#fail(`received ${JSON.stringify(got)} in place of ${due}`);
    }
    if (this.tally.lost !== expectation.losses)
      this.#fail(`lost ${this.tally.lost} times, not ${expectation.losses}`);
    const gap = this.warnings.find((warning) => warning.includes("gap"));
    if (gap !== undefined) this.#fail(gap);
  }

  /** Whether it holds what it must. Its own changes show before their events come. */
  checkHeld(): void {
    const held = this.room.messages.filter((message): message is Message => message.pending !== true);
    const due = [...this.expectation.held.values()].sort((a, b) => a.seq - b.seq);
    expect(held.map(({ seq }) => seq)).toEqual(due.map(({ seq }) => seq));
    const open = new Set(
      this.attempts.filter((attempt) => this.#isOpen(attempt)).map(({ target }) => target),
    );
    expect(held.filter(({ seq }) => !open.has(seq))).toEqual(
      due.filter(({ seq }) => !open.has(seq)).map(({ body }): unknown => JSON.parse(body)),
    );
  }

  /** Whether it may be shown and was not received yet. */
  #isOpen({ target, logEpoch, outcome }: ChangeAttempt): boolean {
    if (logEpoch !== this.expectation.logEpoch || outcome === "waiting")
      return logEpoch === this.expectation.logEpoch;
    return "seq" in outcome && outcome.seq > (this.expectation.held.get(target)?.version ?? 0);
  }

  #watch(attempt: ChangeAttempt, result: Promise<ChangeResult>): void {
    this.attempts.push(attempt);
    result.then(
      (done) => {
        attempt.outcome = done;
      },
      (error: unknown) => {
        // It is unknown what a closed connection lost.
        const { code, message } =
          error instanceof RoomsError ? error : { code: "fault", message: String(error) };
        attempt.outcome = { refused: message.startsWith("The server closed") ? "closed" : code };
      },
    );
  }

  #follow(text: string, stored: Promise<Stored>): void {
    this.outcomes.set(text, "waiting");
    stored.then(
      (result) => this.outcomes.set(text, result),
      (error: unknown) =>
        this.outcomes.set(text, { refused: error instanceof RoomsError ? error.code : String(error) }),
    );
  }

  #onLost(): void {
    this.tally.lost += 1;
  }

  #onSignal(data: unknown): void {
    if (!Array.isArray(data)) return;
    const [by, number, to]: unknown[] = data;
    this.signals.push({ by: Number(by), number: Number(number), to });
  }

  #fail(why: string): never {
    throw new Error(`client ${this.profile.index} (${this.profile.user}): ${why}`);
  }
}
