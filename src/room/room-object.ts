// The Durable Object of one room: events of the runtime, the alarm, and what the Worker may call.

import { DurableObject } from "cloudflare:workers";
import type { Actor } from "../auth/identity.ts";
import { decodeHeader, IDENTITY_HEADER } from "../auth/identity-header.ts";
import type { Occupancy, Outcome, SendResult, Topics } from "../protocol/index.ts";
import { planAlarm } from "../realtime/alarm-plan.ts";
import { answerClose, answerHeartbeats } from "../realtime/hibernatable-socket.ts";
import { refusalResponse, upgraded } from "../realtime/upgrade-response.ts";
import { LiveRoom } from "./live-room.ts";
import type { MessageInput, SignalInput } from "./posts.ts";
import type { Room } from "./room.ts";
import type { Page } from "./room-log.ts";
import type { RoomUpgrade } from "./room-upgrade.ts";

/** What `GET /v1/rooms/:room` answers. */
export interface RoomInfo {
  readonly room: string;
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  readonly occupancy: Occupancy;
  readonly settings: {
    readonly slowModeMs: number;
    readonly maxConnections: number;
    readonly historyLimit: number;
  };
  readonly createdAt: number;
}

export interface MessagesPage extends Page {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
}

export class RoomObject extends DurableObject {
  /** Made at the first event after a start, and again after the room was forgotten. */
  #live: LiveRoom | undefined;
  /** `undefined`: not asked since the start. */
  #alarmAt: number | null | undefined;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    answerHeartbeats(ctx);
  }

  /** Takes a connection that the Worker has checked, and nothing else. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<RoomUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    const live = this.#open();
    live.room.sweepIfStale(Date.now());
    const refusal = live.room.refuses(upgrade.actor);
    if (refusal !== undefined) {
      // The refused need not wait until the others have heard of the ghosts that were just found.
      this.ctx.waitUntil(live.flushIfDue());
      return refusalResponse(refusal);
    }
    const { 0: client, 1: server } = new WebSocketPair();
    live.accept(server, upgrade);
    // Not awaited, so that the client gets its 101 first; the pending flush keeps the object awake.
    this.ctx.waitUntil(live.flush());
    return upgraded(client, upgrade.speaksOurProtocol);
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
    this.#alarmAt = null;
    const { room } = this.#open();
    const wasEmpty = room.size === 0 && !room.hasWork;
    room.sweep(Date.now());
    if (!wasEmpty || room.log.head > 0) {
      await this.#open().flush();
      return;
    }
    this.#live = undefined;
    await this.ctx.storage.deleteAll();
  }

  async info(): Promise<RoomInfo> {
    const { room, settings } = await this.#visit();
    const { epoch, head, floor, createdAt } = room.log;
    const { historyLimit, maxConnections, limits } = settings;
    return {
      room: room.name,
      epoch,
      head,
      floor,
      occupancy: room.attendance.occupancy,
      settings: { slowModeMs: limits.slowModeMs, maxConnections, historyLimit },
      createdAt,
    };
  }

  /** The page's events are JSON already, as they go over the wire. */
  async messages(before: number | undefined, limit: number, topics: Topics): Promise<MessagesPage> {
    const { log } = (await this.#visit()).room;
    const { epoch, head, floor } = log;
    return { ...log.messagesBefore(before ?? head + 1, topics, limit), epoch, head, floor };
  }

  /** The list as JSON, as `data` of a member may be anything. */
  async members(): Promise<{ members: string; occupancy: Occupancy }> {
    const { attendance } = (await this.#visit()).room;
    return { members: JSON.stringify(attendance.members), occupancy: attendance.occupancy };
  }

  async publish(actor: Actor, input: MessageInput): Promise<Outcome<SendResult>> {
    const live = this.#open();
    const cost = 1 + (input.mentions?.length ?? 0);
    return await live.call(actor, cost, (delivery, now) => live.room.posts.send(actor, input, delivery, now));
  }

  async signal(actor: Actor, input: SignalInput): Promise<Outcome<undefined>> {
    const live = this.#open();
    return await live.call(actor, 1, (delivery, now) =>
      live.room.posts.signal(actor, input, delivery, now, null),
    );
  }

  #open(): LiveRoom {
    this.#live ??= new LiveRoom(this.ctx, this.env, this.ctx.id.name ?? "", (room) => this.#setAlarm(room));
    return this.#live;
  }

  /** For calls that only look: ghosts are found first, and the alarm that forgets an empty room moves on. */
  async #visit(): Promise<LiveRoom> {
    const live = this.#open();
    live.room.sweepIfStale(Date.now());
    // One flush, which nobody who only looks has to wait for.
    this.ctx.waitUntil(live.flushIfDue());
    await this.#setAlarm(live.room);
    // Forgotten meanwhile, perhaps.
    return this.#open();
  }

  async #gone(ws: WebSocket, code: number, reason: string): Promise<void> {
    try {
      // Before the close, which may take the attachment away that a start reads.
      this.#open().gone(ws, code === 1000 ? "left" : "lost");
    } finally {
      answerClose(ws, code, reason);
    }
    await this.#open().flush();
  }

  async #setAlarm(room: Room): Promise<void> {
    const life = { connections: room.size, everStored: room.log.head > 0 };
    if (life.everStored && life.connections < 2) return;
    if (this.#alarmAt === undefined) this.#alarmAt = await this.ctx.storage.getAlarm();
    const at = planAlarm(life, this.#alarmAt, Date.now());
    if (at === null) return;
    this.#alarmAt = at;
    await this.ctx.storage.setAlarm(at);
  }
}
