// What a crowd costs an hour at list price. Pure. A guess is on the high side: each object is awake all the time, and each
// message and each renewed token is a call from its relay to the room.

import type { Crowd, CrowdFigures } from "./crowd-model.ts";
import { ROOM_COUNTERS } from "./measured-counters.ts";
import { INCOMING_FRAMES_A_REQUEST, OBJECT_GB, PRICES } from "./prices.ts";

const HOUR_S = 3_600;
/** A client renews its token this often. */
const TOKENS_AN_HOUR = 1;

export function usdAnHour(crowd: Crowd, figures: CrowdFigures): number {
  const { readers, messagesPerSecond } = crowd;
  const { objectRequests, objectGbSeconds, rowsWritten } = PRICES;
  const messages = messagesPerSecond * HOUR_S;
  const frames = messages + readers * TOKENS_AN_HOUR;
  // By way of a hub a call more.
  const uploads = figures.relays === 0 ? 0 : frames * (1 + figures.withHub / figures.relays);
  const requests = figures.allCallsPerSecond * HOUR_S + uploads + frames / INCOMING_FRAMES_A_REQUEST;
  const objects = 1 + figures.hubs + figures.relays;
  return (
    requests * objectRequests.usdPerUnit +
    objects * HOUR_S * OBJECT_GB * objectGbSeconds.usdPerUnit +
    messages * ROOM_COUNTERS.message.rowsWritten * rowsWritten.usdPerUnit
  );
}

/** Of one reader who connects: a request to the Worker and one to the room, and to the relay that it names. */
export const usdAConnect = (isAtRelay: boolean): number =>
  PRICES.workerRequests.usdPerUnit + (isAtRelay ? 3 : 1) * PRICES.objectRequests.usdPerUnit;
