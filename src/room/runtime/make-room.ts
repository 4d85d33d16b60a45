// Makes the rules of a room over the storage of its object.

import type { Config } from "../../config/config.ts";
import { requireConfig } from "../../config/config.ts";
import { MAX_SOCKETS } from "../../config/relays-config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { databaseOf } from "../../object/runtime/object-state.ts";
import { randomEpoch, randomId } from "../../object/runtime/random-id.ts";
import type { LazyDatabase } from "../../object/storage/lazy-database.ts";
import { SessionStore } from "../../session-rooms/room-side/session-store.ts";
import { LogStore } from "../log/log-store.ts";
import { roomDatabase } from "../log/room-database.ts";
import { RoomLog } from "../log/room-log.ts";
import { ReadSheets } from "../people/read-sheets.ts";
import { ReceiptStore } from "../people/receipt-store.ts";
import type { RoomConnection } from "../people/room-connection.ts";
import { type RoomDefaults, RoomSettings, roomDefaults } from "../people/room-settings.ts";
import { UserRecords } from "../people/user-records.ts";
import { RelayStore } from "../relays/relay-store.ts";
import { Room } from "../room.ts";
import { ScheduleStore } from "../time/schedule-store.ts";
import type { PublishJudge } from "./publish-judge.ts";
import { relayPlan } from "./room-relays.ts";
import { roomWebhooks } from "./room-webhooks.ts";

export interface RoomMaking {
  readonly ctx: DurableObjectState;
  readonly env: Env;
  readonly config: Config;
  readonly name: string;
  /** Of its log, if that is a new one. */
  readonly epoch: string;
  /** Left out: nobody is asked before a message is stored. */
  readonly judge: PublishJudge | undefined;
  /** Whether a command of a connection waits for something outside of the room. */
  isHeld(connection: RoomConnection): boolean;
}

/** What holds for every room here. */
export function defaultsOf(env: Env): RoomDefaults {
  const { limits, serverEvents, relays } = requireConfig(env);
  const hasRelays = env.RELAYS !== undefined && relays.above !== null;
  const connectionsPerRoom = hasRelays
    ? limits.connectionsPerRoom
    : Math.min(MAX_SOCKETS, limits.connectionsPerRoom);
  return roomDefaults({ ...limits, connectionsPerRoom }, serverEvents);
}

export function makeRoom({ ctx, env, config, name, epoch, judge, isHeld }: RoomMaking): {
  readonly room: Room;
  readonly database: LazyDatabase;
} {
  const now = Date.now();
  const defaults = defaultsOf(env);
  const beginning = { epoch, ring: defaults.historyLimit, now };
  const database = roomDatabase(databaseOf(ctx), beginning);
  const settings = new RoomSettings(database.sql, defaults);
  const logStore = new LogStore(database, settings.historyLimit);
  const receipts = new ReceiptStore(database);
  const storage = {
    settings,
    webhooks: roomWebhooks(config.webhooks, name, database, logStore),
    log: new RoomLog(logStore, { newEpoch: epoch, now }),
    schedule: new ScheduleStore(database, logStore.hasScheduled),
    users: new UserRecords(database.sql),
    receipts,
    sheets: new ReadSheets(database.sql, (entry) => receipts.put(entry)),
    sessions: new SessionStore(database.sql),
    relays: new RelayStore(database.sql, settings.relaysAtStart),
  };
  const plan = relayPlan(env, config, randomId(), storage.webhooks?.people.tellsMembers === true);
  const room = new Room(name, storage, {
    newEpoch: randomEpoch,
    reportFault: (error) => log("command_failed", { room: name, error }),
    reportUnwritten: (error) => log("session_not_written", { room: name, error }),
    notedTopics: config.logs.topics,
    random: () => Math.random(),
    relays: plan && { ...plan, isHeld },
    asksAbout: judge && ((event) => judge.asksAbout(event)),
  });
  return { room, database };
}
