import { type App, hasInjectionContext, type InjectionKey, inject, provide } from "vue";
import { declared } from "../events/declared.ts";
import type { AnyClient, Client, EventMap, RegisteredEvents } from "../index.ts";

const CLIENT: InjectionKey<AnyClient> = Symbol("the client of edge-rooms");

/**
 * The plugin of an app: gives a client to all composables. Make the client once; it opens nothing before a room is used.
 *
 * @example
 * import { createApp } from "vue";
 * const getToken = async () => (await fetch("/token")).text();
 * const client = createClient({ url: "https://rooms.example.com", getToken });
 * createApp(App).use(edgeRooms, client).mount("#app");
 */
export const edgeRooms = {
  install(app: App, client: AnyClient): void {
    app.provide(CLIENT, client);
  },
};

/** As the plugin, for the components below the one whose `setup` calls it. */
export const provideRooms = (client: AnyClient): void => provide(CLIENT, client);

/**
 * The client of the plugin, or of `provideRooms` above. Throws without one. To be called in `setup`. Its events are those
 * of `Register`, or of the type argument, which nothing compares with the map that the client was made with.
 */
export function useClient<Events extends EventMap = RegisteredEvents>(): Client<Events> {
  const client = hasInjectionContext() ? inject(CLIENT, undefined) : undefined;
  if (client === undefined)
    throw new Error(
      "There is no client: app.use(edgeRooms, client), and call this in setup, before the first await.",
    );
  return declared(client);
}
