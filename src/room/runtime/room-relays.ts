// The relays of a room while its object is awake: dispatches on their way there, and uploads that come.

import type { Identity } from "../../access/identity.ts";
import type { Config } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import type { Departure } from "../../object/close-codes.ts";
import type { Frame } from "../../object/command-barrier.ts";
import { type RetryPorts, retry } from "../../object/retry.ts";
import { objectStub, placedIn } from "../../object/runtime/object-stub.ts";
import { withinMs } from "../../object/runtime/within-ms.ts";
import { SerialQueues } from "../../session-rooms/serial-queues.ts";
import type { Admission, RemoteRelays } from "../admission.ts";
import { newConnectionState, type RoomConnection, type RoomUpgrade } from "../people/room-connection.ts";
import { HubLine } from "../relays/hub-line.ts";
import {
  type AddressedDispatch,
  type Dispatch,
  type DispatchAnswer,
  relayName,
  type StoredRelay,
  type Upload,
  type UploadAnswer,
  type UploadItem,
} from "../relays/relay-calls.ts";
import { hubOf, relayOfId } from "../relays/relay-numbers.ts";
import type { RelayPlan, Relays } from "../relays/relays.ts";
import { callsOf } from "../relays/split-dispatch.ts";
import type { Room } from "../room.ts";

/** A relay that cannot be reached for longer finds out by itself what it has missed. */
const TRIES = 4;
/** So long a newcomer waits for what a relay knows, in milliseconds. */
const MAX_WAIT_MS = 3_000;
const RETRY: RetryPorts = { random: () => Math.random(), wait: (ms) => scheduler.wait(ms) };

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

export class RoomRelays implements RemoteRelays {
  readonly #room: Room;
  readonly #relays: Relays;
  readonly #ports: RoomRelaysPorts;
  readonly #queues: SerialQueues<AddressedDispatch>;
  readonly #lines = new Map<number, HubLine>();
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
    const relay = this.#relays.choose(actor.identity, locationHint ?? region);
    const hub = hubOf(relay?.number ?? 0);
    // Near the room, which is to call it before its relay does.
    if (hub !== 0 && !this.#lines.has(hub)) this.#lineTo(hub).open();
    return relay;
  }

  /** Sends what a flush has for relays: one call to each, or to its hub, at a time; what comes meanwhile joins the next one. */
  take(dispatches: readonly AddressedDispatch[]): void {
    for (const addressed of dispatches) {
      const hub = hubOf(addressed.number);
      if (hub !== 0) {
        const line = this.#lineTo(hub);
        line.take(addressed);
        this.#ports.ctx.waitUntil(line.settled);
        continue;
      }
      const relay = String(addressed.number);
      this.#queues.gather(relay, addressed, 0, (take) => this.#deliver(addressed, take()));
      this.#ports.ctx.waitUntil(this.#queues.settled(relay));
    }
  }

  async upload(uploads: readonly Upload[]): Promise<readonly UploadAnswer[]> {
    await this.known();
    const { life } = this.#relays.plan;
    const begun = uploads.map((upload) => {
      const verdict = this.#relays.begin(upload);
      if (verdict === "new") {
        this.#room.journal.counts(upload.counted);
        for (const item of upload.items) this.#take(upload.relay, item);
      }
      return { relay: upload.relay, verdict };
    });
    // What joins waits for longer than a flush, and the next ones to join wait for this answer.
    if (uploads.some(({ items }) => items.some(({ kind }) => kind === "join"))) this.#ports.flushIfNeeded();
    else if (begun.some(({ verdict }) => verdict !== "other life")) await this.#ports.flush();
    return begun.map(({ relay, verdict }) => {
      if (verdict === "other life") return { kind: "other life", life };
      const dispatched = this.#relays.dispatchedTo(relay);
      return { kind: "taken", life, ...this.#relays.waitingAt(relay), dispatched };
    });
  }

  async count(identity: Identity, region: string): Promise<number> {
    const { isListed } = this.#room.roomPresence;
    // Users are held then, and so counted here.
    if (identity.kind === "server" || (identity.kind === "user" && isListed)) return 0;
    const { locationHint } = this.#ports.config.placement;
    return this.#ask(0, (heard) => this.#relays.inquiries.count(identity, locationHint ?? region, heard));
  }

  async recall(connection: string, identity: Identity): Promise<void> {
    if (this.#room.connections.find(connection) !== undefined) return;
    await this.#ask<undefined>(undefined, (heard) =>
      this.#relays.inquiries.find(connection, identity, (found) => {
        if (found !== undefined) this.#relays.hold(found.relay, found.state, 0, Date.now());
        heard(undefined);
      }),
    );
  }

  /** Whether a user has anything open at a relay, or one cannot be asked. */
  async mayHave(user: string): Promise<boolean> {
    return this.#ask(true, (heard) => this.#relays.inquiries.mayHave(user, heard));
  }

  /** Asks a relay. A newcomer does not wait long for one that cannot be reached: then the answer is `otherwise`. */
  async #ask<T>(otherwise: T, ask: (heard: (answer: T) => void) => void): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    let isHeard = false;
    ask((answer) => {
      isHeard = true;
      resolve(answer);
    });
    if (isHeard) return promise;
    this.#ports.flushIfNeeded();
    return withinMs(MAX_WAIT_MS, promise, otherwise);
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
    { id, upgrade, others, replaced }: Extract<UploadItem, { kind: "join" }>,
  ): Promise<void> {
    const relays = this.#relays;
    if (replaced !== undefined) relays.hold(relay, replaced, 0, Date.now());
    try {
      const { replaces, actor } = upgrade;
      // Its own relay has looked for it.
      if (replaces !== undefined && relayOfId(replaces) !== relay)
        await this.recall(replaces, actor.identity);
      const admitted = await this.#ports.admission.open(
        upgrade,
        () => relays.admit(relay, newConnectionState(id, upgrade), Date.now()),
        { isSocketHere: false, atRelays: others },
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
        const answer = await retry(() => this.#stub(number, region).deliver(dispatches), TRIES, RETRY);
        this.#answered(number, dispatches, answer);
      } catch (error) {
        this.#failed(String(number), error);
        this.#relays.lost(number, dispatches);
      }
    }
    this.#heard();
  }

  #lineTo(hub: number): HubLine {
    let line = this.#lines.get(hub);
    if (line === undefined) {
      line = new HubLine({
        ...{ ...RETRY, life: this.#relays.plan.life },
        pass: (call) => this.#stub(hub, "").passDown(call),
        answered: (relay, dispatches, answer) => this.#answered(relay, dispatches, answer),
        lost: (relay, dispatches) => this.#relays.lost(relay, dispatches),
        heard: () => this.#heard(),
        failed: (error) => this.#failed(String(hub), error),
      });
      this.#lines.set(hub, line);
    }
    return line;
  }

  #answered(relay: number, dispatches: readonly Dispatch[], answer: DispatchAnswer): void {
    const { frames, bytes, replayBytes } = answer.sent;
    const { traffic } = this.#room.journal;
    traffic.sent(frames, bytes);
    traffic.replayedThere(replayBytes);
    this.#room.journal.counts(answer.counted);
    this.#relays.answered(relay, dispatches, answer, Date.now());
  }

  #heard(): void {
    if (this.#relays.areKnown) this.#known?.resolve();
    this.#ports.flushIfNeeded();
  }

  /** Of a relay, placed near its readers when it is first called, or of a hub. */
  #stub(number: number, region: string) {
    const { env, config } = this.#ports;
    if (env.RELAYS === undefined) throw new Error("there is no binding RELAYS");
    return objectStub(env.RELAYS, relayName(this.#room.name, number), placedIn(config.placement, region));
  }

  #failed(relay: string, error: unknown): void {
    log("relay_unreachable", { room: this.#room.name, relay, error });
  }
}

/** What relays bring. A room that has none, as its settings are others now, takes nothing. */
export function uploadTo(
  relays: RoomRelays | undefined,
  uploads: readonly Upload[],
): Promise<readonly UploadAnswer[]> {
  if (relays === undefined) throw new Error("this room has no relays");
  return relays.upload(uploads);
}
