// The shards of the registry as objects.

import type { Env } from "../../env.ts";
import { LimitedLog } from "../../log/limited-log.ts";
import { objectStub, type Placement } from "../../object/runtime/object-stub.ts";
import { withinMs } from "../../object/runtime/within-ms.ts";
import { AllShards } from "../all-shards.ts";
import { shardOf } from "../shards.ts";

export type RegistryNamespace = NonNullable<Env["REGISTRY"]>;

/** A shard itself waits 5 s for rooms and users. */
const ANSWER_WITHIN_MS = 10_000;

const silentShards = new LimitedLog("registry_unanswered");

/** The shard that knows a room or a user. */
export const shardFor = (namespace: RegistryNamespace, name: string, placement: Placement) =>
  objectStub(namespace, shardOf(name), placement);

export class Registry extends AllShards {
  constructor(namespace: RegistryNamespace, placement: Placement) {
    super({
      shard: (name) => objectStub(namespace, name, placement),
      inTime,
      failed: (error) => silentShards.note("any", { error }, Date.now()),
    });
  }
}

async function inTime<T>(answer: T | Promise<T>): Promise<T> {
  const value = await withinMs(ANSWER_WITHIN_MS, Promise.resolve(answer), LATE);
  if (value === LATE) throw new Error("a shard of the registry does not answer");
  return value;
}

const LATE = Symbol("late");
