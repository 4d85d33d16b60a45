import { type App, hasInjectionContext, type InjectionKey, inject, provide } from "vue";
import type { Client } from "../index.ts";

const CLIENT: InjectionKey<Client> = Symbol("the client of edge-rooms");

/**
 * The plugin of an app: gives a client to all composables. Make the client once; it opens nothing before a room is used.
 *
 * @example
 * import { createApp } from "vue";
 * const client = createClient({ url: "", getToken: async () => (await fetch("/token")).text() });
 * createApp(App).use(edgeRooms, client).mount("#app");
 */
export const edgeRooms = {
  install(app: App, client: Client): void {
    app.provide(CLIENT, client);
  },
};

/** As the plugin, for the components below the one whose `setup` calls it. */
export const provideRooms = (client: Client): void => provide(CLIENT, client);

/** The client of the plugin, or of `provideRooms` above. Throws without one. To be called in `setup`. */
export function useClient(): Client {
  const client = hasInjectionContext() ? inject(CLIENT, undefined) : undefined;
  if (client === undefined)
    throw new Error(
      "There is no client: app.use(edgeRooms, client), and call this in setup, before the first await.",
    );
  return client;
}
