// The Durable Object of one relay: it holds sockets of a room. Its name is that of the room and a number. A hub is of the
// same class, by a number that no relay has, and holds no socket.

import { DurableObject } from "cloudflare:workers";
import { decodeHeader, IDENTITY_HEADER } from "../../auth/identity-header.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { ObjectAlarm, sweepDueAt } from "../../object/object-alarm.ts";
import { answerClose, answerHeartbeats } from "../../object/runtime/hibernatable-socket.ts";
import { refusalResponse, upgraded } from "../../object/runtime/upgrade-response.ts";
import type { RoomUpgrade } from "../../room/people/room-connection.ts";
import type { HubAnswer, HubCall, HubCalls } from "../../room/relays/hub-calls.ts";
import type {
  Dispatch,
  DispatchAnswer,
  RelayCalls,
  Upload,
  UploadAnswer,
} from "../../room/relays/relay-calls.ts";
import type { Hub } from "../hub.ts";
import { makeHub } from "./make-hub.ts";
import { RelayRuntime } from "./relay-runtime.ts";

export class RelayObject extends DurableObject<Env> implements RelayCalls, HubCalls {
  #live: RelayRuntime | undefined;
  #hub: Hub | undefined;
  readonly #alarm: ObjectAlarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new ObjectAlarm(ctx.storage);
    answerHeartbeats(ctx);
  }

  /** Takes a socket that the Worker has checked, and that the room has sent here. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<RoomUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    const joined = await this.#open().join(upgrade);
    if (!joined.ok) return refusalResponse(joined.refusal);
    await this.#setAlarm();
    return upgraded(joined.value, upgrade.speaksOurProtocol);
  }

  override webSocketMessage(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    return this.#open().receive(ws, frame);
  }

  override webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
    return this.#gone(ws, code, reason);
  }

  override webSocketError(ws: WebSocket): Promise<void> {
    return this.#gone(ws, 1006, "");
  }

  override async alarm(): Promise<void> {
    const sweep = async () => {
      await this.#open().sweep();
      return sweepDueAt(this.#open().size, Date.now());
    };
    await this.#alarm.goOff([sweep], (error) => log("alarm_failed", { room: this.#name, error }));
  }

  async deliver(dispatches: readonly Dispatch[]): Promise<DispatchAnswer> {
    return this.#open().deliver(dispatches);
  }

  async passDown(call: HubCall): Promise<HubAnswer> {
    return this.#asHub().pass(call);
  }

  async passUp(upload: Upload): Promise<UploadAnswer> {
    return this.#asHub().upload(upload);
  }

  #asHub(): Hub {
    this.#hub ??= makeHub(this.env, this.#name);
    return this.#hub;
  }

  async #gone(ws: WebSocket, code: number, reason: string): Promise<void> {
    let gone: Promise<void>;
    try {
      // Before the close, which may take the attachment away that a start reads.
      gone = this.#open(ws).gone(ws, code);
    } finally {
      answerClose(ws, code, reason);
    }
    await gone;
  }

  #setAlarm(): Promise<void> {
    return this.#alarm.by(sweepDueAt(this.#open().size, Date.now()));
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  /** `closing`: a socket whose close wakes the object, which is not listed among its sockets. */
  #open(closing?: WebSocket): RelayRuntime {
    this.#live ??= new RelayRuntime(this.ctx, this.env, this.#name, closing);
    return this.#live;
  }
}
