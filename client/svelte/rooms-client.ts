import { getContext, setContext } from "svelte";
import type { Client } from "../index.ts";

const CLIENT = Symbol("the client of edge-rooms");

/**
 * Gives a client to the components below the one that calls this as it is made. Make the client once; it opens nothing
 * before a room is used.
 *
 * @example
 * const client = createClient({ url: "", getToken: async () => (await fetch("/token")).text() });
 * provideRooms(client); // in the script of the layout
 */
export const provideRooms = (client: Client): Client => setContext(CLIENT, client);

/** The client of `provideRooms` above. Throws without one, and once the component is made. */
export function useClient(): Client {
  const client = getContext<Client | undefined>(CLIENT);
  if (client === undefined)
    throw new Error("There is no client: call provideRooms(client) in a component above.");
  return client;
}
