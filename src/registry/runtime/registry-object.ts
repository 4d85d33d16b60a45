// The Durable Object of one shard of the registry: reports, and the questions to rooms and users before an answer.

import { DurableObject } from "cloudflare:workers";
import { requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import { mapBounded } from "../../object/bounded.ts";
import { databaseOf } from "../../object/runtime/object-state.ts";
import { objectStub, type Placement } from "../../object/runtime/object-stub.ts";
import { withinMs } from "../../object/runtime/within-ms.ts";
import type { Counters, Report, RoomCounts, UserCounts } from "../counts.ts";
import type { KnownEntry, NamesQuery } from "../known-objects.ts";
import type { RegistryCalls } from "../registry-calls.ts";
import { RegistryShard, type ShardSums } from "../registry-shard.ts";

/** How many rooms, and how many users, are asked before one answer. Each is a call. */
const MAX_ASKED = 500;
/** An answer waits so long for them. */
const ASK_WITHIN_MS = 5_000;

const unanswered = new LimitedLog("registry_unanswered");

export class RegistryObject extends DurableObject<Env> implements RegistryCalls {
  readonly #shard: RegistryShard;
  #placed: Placement | undefined;
  /** Those who are being asked: a second answer waits for the same questions. */
  readonly #asked = new Map<string, Promise<void>>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#shard = new RegistryShard(databaseOf(ctx), Date.now());
  }

  reportRoom(room: string, report: Report<RoomCounts>): void {
    this.#shard.recordRoom(room, report, Date.now());
  }

  reportUser(user: string, report: Report<UserCounts>): void {
    this.#shard.recordUser(user, report, Date.now());
  }

  count(counters: Counters): void {
    this.#shard.count(counters);
  }

  async sums(): Promise<ShardSums> {
    const { rooms, users } = this.#shard;
    const now = Date.now();
    await Promise.all([
      this.#askRooms(rooms.toAsk(now, MAX_ASKED)),
      this.#askUsers(users.toAsk(now, MAX_ASKED)),
    ]);
    return this.#shard.sums(Date.now());
  }

  namesOf(kind: "rooms" | "users", query: NamesQuery): string[] {
    return this.#shard[kind].page(query, Date.now());
  }

  async lookAtRooms(names: readonly string[]): Promise<KnownEntry<RoomCounts>[]> {
    const { rooms } = this.#shard;
    await this.#askRooms(rooms.toAskOf(names, Date.now()));
    return rooms.look(names, Date.now());
  }

  async lookAtUsers(names: readonly string[]): Promise<KnownEntry<UserCounts>[]> {
    const { users } = this.#shard;
    await this.#askUsers(users.toAskOf(names, Date.now()));
    return users.look(names, Date.now());
  }

  counters(): Counters {
    return this.#shard.counters;
  }

  #askRooms(names: readonly string[]): Promise<unknown> {
    return this.#askEach(names, (name) =>
      this.#ask(`room ${name}`, async () => {
        const report = await objectStub(this.env.ROOMS, name, this.#placement).reportNow();
        this.#shard.recordRoom(name, report, Date.now());
      }),
    );
  }

  #askUsers(names: readonly string[]): Promise<unknown> {
    return this.#askEach(names, (name) =>
      this.#ask(`user ${name}`, async () => {
        const report = await objectStub(this.env.USERS, name, this.#placement).reportNow();
        this.#shard.recordUser(name, report, Date.now());
      }),
    );
  }

  /** One object that hangs must not keep the others from an operator. */
  #askEach(names: readonly string[], ask: (name: string) => Promise<void>): Promise<unknown> {
    return withinMs(ASK_WITHIN_MS, mapBounded(names, ask), undefined);
  }

  /** One that does not answer stays as it was reported, and counts as unconfirmed. */
  #ask(whom: string, ask: () => Promise<void>): Promise<void> {
    const asking =
      this.#asked.get(whom) ??
      ask()
        .catch((error: unknown) => {
          unanswered.note("any", { error }, Date.now());
        })
        .finally(() => this.#asked.delete(whom));
    this.#asked.set(whom, asking);
    return asking;
  }

  get #placement(): Placement {
    this.#placed ??= requireConfig(this.env).placement;
    return this.#placed;
  }
}
