// Who calls a relay is in its number, which it has for good. The room itself calls the first ones; each further one has a
// hub, an object that passes on what goes down and up. So the room calls at most 50 objects.

/** So many relays have no hub. */
export const DIRECT_RELAYS = 40;
/** So many relays a hub has at most, and so many hubs a room. */
export const RELAYS_OF_HUB = 50;
const MAX_HUBS = 10;

/** The numbers of a hub's relays follow on its own. */
const HUB_STEP = 1_000;

/** The hub of a relay; 0: the room calls it. */
export const hubOf = (relay: number): number => relay - (relay % HUB_STEP);

/** The id of a connection at a relay says which one, so that a connection that is given up is found. */
export const idAt = (relay: number, id: string): string => `${id}.${relay}`;

/** `undefined`: it is at none. An id may come from a client, and be anything. */
export function relayOfId(id: string): number | undefined {
  const [, relay] = /\.(\d{1,5})$/.exec(id) ?? [];
  return relay === undefined ? undefined : Number(relay);
}

/** The number of the next relay of a room that has `taken`; `undefined`: it has as many as it may. */
export function nextRelay(
  taken: { has(relay: number): boolean },
  direct: number = DIRECT_RELAYS,
): number | undefined {
  for (let relay = 1; relay <= direct; relay++) if (!taken.has(relay)) return relay;
  for (let hub = HUB_STEP; hub <= MAX_HUBS * HUB_STEP; hub += HUB_STEP)
    for (let relay = hub + 1; relay <= hub + RELAYS_OF_HUB; relay++) if (!taken.has(relay)) return relay;
  return undefined;
}
