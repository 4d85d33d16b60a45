import { getContext, setContext } from "svelte";
import { declared } from "../events/declared.ts";
import type { AnyClient, Client, EventMap, RegisteredEvents } from "../index.ts";

const CLIENT = Symbol("the client of edge-rooms");

/**
 * Gives a client to the components below the one that calls this as it is made. Make the client once; it opens nothing
 * before a room is used.
 *
 * @example
 * const getToken = async () => (await fetch("/token")).text();
 * const client = createClient({ url: "https://rooms.example.com", getToken });
 * provideRooms(client); // in the script of the layout
 */
export const provideRooms = <Events extends EventMap = RegisteredEvents>(
  client: Client<Events>,
): Client<Events> => setContext(CLIENT, client);

/**
 * The client of `provideRooms` above. Throws without one, and once the component is made. Its events are those of
 * `Register`, or of the type argument, which nothing compares with the map that the client was made with.
 */
export function useClient<Events extends EventMap = RegisteredEvents>(): Client<Events> {
  const client = getContext<AnyClient | undefined>(CLIENT);
  if (client === undefined)
    throw new Error("There is no client: call provideRooms(client) in a component above.");
  return declared(client);
}
