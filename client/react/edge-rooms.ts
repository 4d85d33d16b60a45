import { createContext, createElement, type ReactElement, type ReactNode, useContext } from "react";
import { declared } from "../events/declared.ts";
import type { AnyClient, Client, EventMap, RegisteredEvents } from "../index.ts";

const ClientContext = createContext<AnyClient | undefined>(undefined);

export interface EdgeRoomsProps {
  readonly client: AnyClient;
  readonly children?: ReactNode;
}

/**
 * Gives a client to the hooks below it. Make the client once, outside of components; it opens nothing before a room is
 * used. With hot replacement of the module: `import.meta.hot?.dispose(() => client.close())`.
 *
 * @example
 * const getToken = async () => (await fetch("/token")).text();
 * const client = createClient({ url: "https://rooms.example.com", getToken });
 *
 * export const App = () => (
 *   <EdgeRooms client={client}>
 *     <Chat name="lobby" />
 *   </EdgeRooms>
 * );
 */
export const EdgeRooms = ({ client, children }: EdgeRoomsProps): ReactElement =>
  createElement(ClientContext.Provider, { value: client }, children);

/**
 * The client of the `<EdgeRooms>` above. Throws without one. Its events are those of `Register`, or of the type argument,
 * which nothing compares with the map that the client was made with.
 */
export function useClient<Events extends EventMap = RegisteredEvents>(): Client<Events> {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("There is no <EdgeRooms client={…}> above this component.");
  return declared(client);
}
