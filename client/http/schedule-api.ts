import {
  type LifetimeContent,
  type MessageContent,
  SCHEDULE_RESULT,
  SCHEDULED,
  SCHEDULED_RESULT,
  type ScheduleResult,
} from "../../src/protocol/index.ts";
import type { Client } from "../core/client.ts";
import type { ScheduledOf } from "../events/app-events.ts";
import { declared } from "../events/declared.ts";
import type { DefaultEvent, EventData, EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import { roomName } from "../util/errors.ts";
import { scheduledPath } from "../util/url.ts";
import { checked } from "../util/wire.ts";
import { type CallOptions, callApi, type HttpMethod } from "./http-call.ts";

/** What a message says that is sent later, beside its data. */
export interface ScheduleOptions<Name extends string = EventName>
  extends Omit<MessageContent, "data">,
    LifetimeContent,
    CallOptions {
  /**
   * The application event of the message.
   *
   * @default "chat"
   */
  readonly event?: Name;
  /**
   * What the `id` of the message will be, of 1 to 64 characters: what is scheduled again under it is scheduled once.
   *
   * @default a random one
   */
  readonly key?: string;
  /** When to send it: a date, or milliseconds since 1970. At most a year ahead; what is past is sent at once. */
  readonly sendAt: number | Date;
}

/** What becomes of a scheduled message. What is left out stays. */
export interface ScheduleChange<Data = unknown> {
  readonly data?: Data;
  /** A date, or milliseconds since 1970. */
  readonly sendAt?: number | Date;
}

/**
 * The messages that this user sends to a room later. Until then nobody else sees them. Each is judged again when it is
 * due; one that the room then refuses stays for a week, with its `error`. The room need not be open. Throws
 * `bad_request` where `name` is no name of a room.
 *
 * All calls are as those of {@link roomApi}: without a socket, never queued, and they reject with the same errors. They need
 * `write` and a user. The methods may be called unbound.
 *
 * @example
 * const later = scheduleApi(client, "project_123");
 * const { id } = await later.schedule({ text: "Good morning" }, { sendAt: Date.now() + 3_600_000 });
 * await later.unschedule(id);
 */
export const scheduleApi = <Events extends EventMap = RegisteredEvents>(
  client: Client<Events>,
  name: string,
): ScheduleApi<Events> => new ScheduleApi(client, roomName(name));

/** See {@link scheduleApi}. */
export class ScheduleApi<Events extends EventMap = RegisteredEvents> {
  readonly #client: Client<Events>;
  readonly #name: string;

  constructor(client: Client<Events>, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /**
   * Sends a message later, as `room.send` would at that time: the same options but `echo`. Resolves with its `id`, which is
   * that of the message that it becomes, and with `sendAt` in milliseconds since 1970. `expiresInSeconds` is counted from
   * when it is sent.
   *
   * After `offline` and `timeout` it is not known whether it is scheduled: the same call with the same `key` schedules it
   * once, and resolves with `duplicate` where it was. Rejects with `too_large` where 100 of this user wait in the room.
   *
   * @example
   * const { id } = await scheduleApi(client, "project_123").schedule({ text: "Good morning" }, { sendAt: new Date(2030, 0, 1, 9) });
   */
  readonly schedule = <Name extends EventName<Events> = DefaultEvent<Events>>(
    data: Events[Name],
    options: ScheduleOptions<Name>,
  ): Promise<ScheduleResult> => {
    const { event, key: id, replyTo, mentions, expiresInSeconds, sendAt, ...call } = options;
    const body = { event, data, replyTo, mentions, expiresInSeconds, sendAt: Number(sendAt), id };
    return checked(this.#call("POST", "/scheduled", body, call), SCHEDULE_RESULT);
  };

  /**
   * What this user has scheduled in the room, the next to be sent first: `{ id, event, data, sendAt, at, error? }` and the
   * options of `schedule`, times in milliseconds since 1970.
   *
   * @example
   * for (const { id, sendAt, error } of await scheduleApi(client, "project_123").scheduled())
   *   console.log(id, new Date(sendAt), error?.message ?? "waits");
   */
  readonly scheduled = async (options?: CallOptions): Promise<readonly ScheduledOf<Events>[]> =>
    declared(
      (await checked(this.#call("GET", "/scheduled", undefined, options), SCHEDULED_RESULT)).scheduled,
    );

  /**
   * Changes what a scheduled message says, or when it is sent, and resolves with it as it is then. Rejects with `not_found`
   * where it was sent or taken back.
   *
   * @example
   * await scheduleApi(client, "project_123").reschedule("reminder-7", { sendAt: Date.now() + 60_000 });
   */
  readonly reschedule = async (
    id: string,
    { data, sendAt }: ScheduleChange<EventData<Events>>,
    options?: CallOptions,
  ): Promise<ScheduledOf<Events>> => {
    const body = { data, sendAt: sendAt === undefined ? undefined : Number(sendAt) };
    return declared(await checked(this.#call("PATCH", scheduledPath(id), body, options), SCHEDULED));
  };

  /**
   * Takes a scheduled message back: it is never sent. Rejects with `not_found` where it was sent or taken back.
   *
   * @example
   * await scheduleApi(client, "project_123").unschedule("reminder-7");
   */
  readonly unschedule = async (id: string, options?: CallOptions): Promise<void> => {
    await this.#call("DELETE", scheduledPath(id), undefined, options);
  };

  #call(method: HttpMethod, path: string, body: unknown, options: CallOptions | undefined): Promise<unknown> {
    return callApi(this.#client, method, `/v1/rooms/${this.#name}${path}`, body, options);
  }
}
