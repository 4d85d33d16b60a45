import { KeptOffline, type OfflineOptions, type OfflineSupport } from "./kept-offline.ts";

export { type ClientOutbox, clientOutbox, type WaitingEntry } from "./client-outbox.ts";
export { IndexedDbStorage } from "./indexed-db-storage.ts";
export type { OfflineOptions, OfflineSupport } from "./kept-offline.ts";
export { MemoryStorage } from "./memory-storage.ts";
export type { OfflineStorage, StorageTabs, StoredEntry } from "./offline-storage.ts";

/**
 * What waits to be sent outlives the page: messages, edits, deletions, reactions and read positions wait in IndexedDB,
 * and go out after a reload, a crash of the browser or days offline, each once and in order. Tabs share it, and one
 * takes over what another leaves. A room in which something waits, and which the app does not open within 5 s, is opened
 * by itself until that is sent. A user has room for 1,000 entries and 5 MB; beyond that they reject with `outbox_full`.
 * Where nothing can be kept, the client works from memory, and its log says so. Each client needs one of its own.
 *
 * Everything belongs to the user whom the server greeted. Call `clear()` of the result as the user signs out: until
 * somebody is greeted, who comes next is taken for the last user, unless their token says otherwise.
 *
 * @example
 * const client = createClient({ url: "https://rooms.example.com", offline: keepOffline() });
 * const room = client.room("project_123");
 * void room.send({ text: "Hello" }); // without a network: `queued` in `room.outbox`, then `kept`, stored when it is back
 */
export const keepOffline = (options: OfflineOptions = {}): OfflineSupport => new KeptOffline(options);
