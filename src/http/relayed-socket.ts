// A socket of a room that a relay takes: the room's object says so in place of a 101.

import { objectStub } from "../object/runtime/object-stub.ts";
import { relayIn } from "../object/runtime/upgrade-response.ts";
import type { RoomUpgrade } from "../room/people/room-connection.ts";
import { relayName } from "../room/relays/relay-calls.ts";
import type { AppContext } from "./app-context.ts";

/** By continent. Nobody is asked where they are: the edge knows where the request came in. */
const REGIONS: Readonly<Record<string, DurableObjectLocationHint>> = {
  AF: "afr",
  AS: "apac",
  EU: "weur",
  NA: "enam",
  OC: "oc",
  SA: "sam",
};

/** West of here it is the west of North America. */
const WEST_OF = -100;

/** Where an object is near to the client; `undefined`: not known. */
export function regionOf({ raw }: AppContext["req"]): DurableObjectLocationHint | undefined {
  const { continent, longitude } = raw.cf ?? {};
  if (typeof continent !== "string") return undefined;
  return continent === "NA" && Number(longitude) < WEST_OF ? "wnam" : REGIONS[continent];
}

/** Opens the socket at the relay that the room names; else the answer is the room's own. */
export async function followToRelay(
  c: AppContext,
  room: string,
  answer: Response,
  request: () => Request,
): Promise<Response> {
  const relay = relayIn(answer);
  const { RELAYS } = c.env;
  if (relay === undefined || RELAYS === undefined) return answer;
  const { placement } = c.get("config");
  const hint = Object.values(REGIONS)
    .concat("wnam")
    .find((region) => region === relay.region);
  const place = { ...placement, ...(hint !== undefined && { locationHint: hint }) };
  return objectStub(RELAYS, relayName(room, relay.number), place).fetch(request());
}

/** With where its client is. */
export function withRegion(c: AppContext, upgrade: RoomUpgrade): RoomUpgrade {
  const region = c.env.RELAYS === undefined ? undefined : regionOf(c.req);
  return region === undefined ? upgrade : { ...upgrade, region };
}
