// A hub while its object is awake: the rules, joined to the objects of relays and of the room.

import { requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { objectStub, placedIn } from "../../object/runtime/object-stub.ts";
import { randomId } from "../../object/runtime/random-id.ts";
import { readRelayName, relayName } from "../../room/relays/relay-calls.ts";
import { Hub } from "../hub.ts";

export function makeHub(env: Env, name: string): Hub {
  const { ROOMS, RELAYS } = env;
  const { placement } = requireConfig(env);
  const { room } = readRelayName(name);
  if (RELAYS === undefined) throw new Error("there is no binding RELAYS");
  return new Hub({
    life: randomId(),
    deliver: ({ number, region }, dispatches) =>
      objectStub(RELAYS, relayName(room, number), placedIn(placement, region)).deliver(dispatches),
    upload: (uploads) => objectStub(ROOMS, room, placement).upload(uploads),
    now: () => Date.now(),
    random: () => Math.random(),
    wait: (ms) => scheduler.wait(ms),
    unreachable: (relay, error) => log("relay_unreachable", { room, relay: String(relay), error }),
  });
}
