// The relays of a room while its object is awake: dispatches on their way there, and uploads that come.

import type { Config } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import type { Departure } from "../../object/close-codes.ts";
import type { Frame } from "../../object/command-barrier.ts";
import { retry } from "../../object/retry.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import { SerialQueues } from "../../session-rooms/serial-queues.ts";
import type { Admission } from "../admission.ts";
import { newConnectionState, type RoomConnection, type RoomUpgrade } from "../people/room-connection.ts";
import {
  type Dispatch,
  relayName,
  type Upload,
  type UploadAnswer,
  type UploadItem,
} from "../relays/relay-calls.ts";
import type { StoredRelay } from "../relays/relay-store.ts";
import type { AddressedDispatch, RelayPlan, Relays } from "../relays/relays.ts";
import { lengthOf, MAX_CALL_LENGTH } from "../relays/split-dispatch.ts";
import type { Room } from "../room.ts";

/** A relay that cannot be reached for longer finds out by itself what it has missed. */
const TRIES = 4;

export interface RoomRelaysPorts {
  readonly ctx: Pick<DurableObjectState, "waitUntil">;
  readonly env: Env;
  readonly config: Config;
  readonly admission: Admission;
  /** Takes a frame in; its commands take effect with the next flush, but those that have to wait. */
  receive(connection: RoomConnection, frame: Frame): void;
  left(connection: RoomConnection, departure: Departure): void;
  flush(): Promise<void>;
  flushIfNeeded(): void;
}

/** How this room spreads over relays; `undefined`: it does not. `tellsMembers`: the back end is told of each member. */
export function relayPlan(
  env: Env,
  { relays: { above, each } }: Config,
  life: string,
  tellsMembers: boolean,
): Omit<RelayPlan, "isHeld"> | undefined {
  if (env.RELAYS === undefined || above === null || tellsMembers) return undefined;
  return { life, above, each };
}

export class RoomRelays {
  readonly #room: Room;
  readonly #relays: Relays;
  readonly #ports: RoomRelaysPorts;
  readonly #queues: SerialQueues<AddressedDispatch>;
  /** Settles when it is known who is at the relays. */
  #known: PromiseWithResolvers<void> | undefined;

  constructor(room: Room, relays: Relays, ports: RoomRelaysPorts) {
    this.#room = room;
    this.#relays = relays;
    this.#ports = ports;
    this.#queues = new SerialQueues({
      maxTasks: Number.POSITIVE_INFINITY,
      maxLength: Number.POSITIVE_INFINITY,
      reportFault: (relay, error) => this.#failed(relay, error),
    });
  }

  /** Where a socket is to be opened in place of here; `undefined`: here. */
  relayFor({ actor, polls, isCall, region = "" }: RoomUpgrade): StoredRelay | undefined {
    if (polls || isCall || this.#room.closedFor !== undefined) return undefined;
    const { locationHint } = this.#ports.config.placement;
    return this.#relays.choose(actor.identity, locationHint ?? region);
  }

  /** Sends what a flush has for relays: one call to each at a time, and what comes meanwhile joins the next one. */
  take(dispatches: readonly AddressedDispatch[]): void {
    for (const addressed of dispatches) {
      const relay = String(addressed.number);
      this.#queues.gather(relay, addressed, 0, (take) => this.#deliver(addressed, take()));
      this.#ports.ctx.waitUntil(this.#queues.settled(relay));
    }
  }

  /** Settles when all relays have what they were sent. */
  async settled(): Promise<void> {
    await Promise.all(this.#relays.numbers.map((relay) => this.#queues.settled(String(relay))));
  }

  async upload(upload: Upload): Promise<UploadAnswer> {
    await this.known();
    const verdict = this.#relays.begin(upload);
    const { life } = this.#relays.plan;
    if (verdict === "other life") return { kind: "other life", life };
    if (verdict === "new") for (const item of upload.items) this.#take(upload.relay, item);
    await this.#ports.flush();
    const { relay } = upload;
    const [waiting, dispatched] = [this.#relays.waitingAt(relay), this.#relays.dispatchedTo(relay)];
    return { kind: "taken", life, waiting, dispatched };
  }

  /** Settles when it is known who is at the relays: soon after a start. */
  async known(): Promise<void> {
    if (this.#relays.areKnown) return;
    this.#known ??= Promise.withResolvers();
    this.#ports.flushIfNeeded();
    await this.#known.promise;
  }

  #take(relay: number, item: UploadItem): void {
    const now = Date.now();
    switch (item.kind) {
      case "join":
        this.#ports.ctx.waitUntil(this.#join(relay, item));
        break;
      case "frames": {
        const connection = this.#relays.hold(relay, item.state, item.unsent, now);
        if (connection === undefined) break;
        for (const frame of item.frames) this.#ports.receive(connection, frame);
        break;
      }
      case "lacking": {
        const { streams, state } = item;
        const connection = this.#relays.hold(relay, state, 0, now);
        if (connection === undefined) break;
        this.#room.connections.sendNow(connection, streams === "all" ? streams : new Set(streams));
        break;
      }
      case "left": {
        const connection = this.#relays.gone(relay, item.id, item.state, now);
        if (connection !== undefined) this.#ports.left(connection, item.departure);
      }
    }
  }

  async #join(
    relay: number,
    { id, upgrade, replaced }: Extract<UploadItem, { kind: "join" }>,
  ): Promise<void> {
    const relays = this.#relays;
    if (replaced !== undefined) relays.hold(relay, replaced, 0, Date.now());
    try {
      const admitted = await this.#ports.admission.open(upgrade, () =>
        relays.admit(relay, newConnectionState(id, upgrade), Date.now()),
      );
      if (!admitted.ok) relays.refuse(relay, id, admitted.refusal);
    } catch (error) {
      relays.refuse(relay, id, { code: "internal", message: "this failed here" });
      log("command_failed", { room: this.#room.name, error });
    }
    this.#ports.flushIfNeeded();
  }

  async #deliver({ number, region }: StoredRelay, gathered: readonly AddressedDispatch[]): Promise<void> {
    for (const dispatches of callsOf(gathered)) {
      try {
        const answer = await retry(() => this.#stub(number, region).deliver(dispatches), TRIES, {
          random: () => Math.random(),
          wait: (ms) => scheduler.wait(ms),
        });
        this.#room.journal.traffic.sent(answer.sent.frames, answer.sent.bytes);
        this.#relays.answered(number, dispatches, answer, Date.now());
      } catch (error) {
        this.#failed(String(number), error);
        this.#relays.lost(number, dispatches);
      }
    }
    if (this.#relays.areKnown) this.#known?.resolve();
    this.#ports.flushIfNeeded();
  }

  #stub(number: number, region: string) {
    const { env, config } = this.#ports;
    if (env.RELAYS === undefined) throw new Error("there is no binding RELAYS");
    return relayStub(env.RELAYS, config, this.#room.name, { number, region });
  }

  #failed(relay: string, error: unknown): void {
    log("relay_unreachable", { room: this.#room.name, relay, error });
  }
}

/** What a relay brings. A room that has none, as its settings are others now, takes nothing. */
export function uploadTo(relays: RoomRelays | undefined, upload: Upload): Promise<UploadAnswer> {
  if (relays === undefined) throw new Error("this room has no relays");
  return relays.upload(upload);
}

/** The object of a relay. It is placed near its readers when it is first called. */
export function relayStub(
  relays: NonNullable<Env["RELAYS"]>,
  { placement }: Pick<Config, "placement">,
  room: string,
  { number, region }: StoredRelay,
) {
  const hint = isHint(region) ? { locationHint: region } : {};
  return objectStub(relays, relayName(room, number), { ...placement, ...hint });
}

/** As many as fit in a call go together. */
function callsOf(gathered: readonly AddressedDispatch[]): Dispatch[][] {
  const calls: Dispatch[][] = [];
  let left = 0;
  for (const { dispatch } of gathered) {
    const length = lengthOf(dispatch);
    if (calls.length === 0 || length > left) {
      calls.push([]);
      left = MAX_CALL_LENGTH;
    }
    calls.at(-1)?.push(dispatch);
    left -= length;
  }
  return calls;
}

const isHint = (region: string): region is DurableObjectLocationHint => region !== "";
