import { hashKey, partialMatchKey, type Query, type QueryClient, type QueryKey } from "@tanstack/query-core";
import type { AppEvent, EventMap, EventTopic, RegisteredEvents, RoomHandle } from "../index.ts";

const QUIET_MS = 50;
const AT_MOST_MS = 1_000;

/** What an event makes stale: a key, or a function that returns one, or does something else with the query client. */
export type Invalidates<Events extends EventMap = RegisteredEvents, Topic extends string = "*"> =
  | QueryKey
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is as good.
  | ((event: AppEvent<Events, Topic>, queryClient: QueryClient) => QueryKey | undefined | void);

export interface InvalidateOptions {
  /**
   * `true`: also for what this user did, on any device. By default what this user does is left to the mutation that did it.
   *
   * @default false
   */
  readonly own?: boolean;
}

/**
 * Makes queries stale when a room says that their data changed. Takes application events (`task` hears `task.created`
 * too, and with an event map one that covers nothing does not compile), and returns the function that ends it. Of several
 * events one invalidation of each key is made: 50 ms after the last, 1 s after the first, or at the end of a replay. A key
 * waits while a mutation with a `mutationKey` like it runs. A first fetch that is under way, which may have read the old
 * data, begins again. After `lost`, and after a room that was left opens again, all keys that are known are invalidated.
 * A query that nothing observes, or with `refetchOnMount: false`, is only marked as stale.
 *
 * Open the room with `history: 0`: a first history makes nothing stale that is fetched afterwards. An infinite query fetches
 * all its pages again; give it a function that calls `setQueryData` after `cancelQueries`.
 *
 * @example
 * const stop = invalidateOn(
 *   room,
 *   {
 *     task: ["tasks"],
 *     "task.deleted": (event, queryClient) => queryClient.removeQueries({ queryKey: ["task", event.data] }),
 *   },
 *   queryClient,
 * );
 */
export function invalidateOn<Events extends EventMap, Topic extends EventTopic<Events>>(
  room: RoomHandle<Events>,
  events: { readonly [Name in Topic]: Invalidates<Events, Name> },
  queryClient: QueryClient,
  { own = false }: InvalidateOptions = {},
): () => void {
  const keys = new StaleKeys(queryClient);
  let wasLeft = false;
  for (const topic in events) {
    const what: Invalidates<Events, typeof topic> = events[topic];
    if (typeof what !== "function") keys.name(what);
  }
  const stops = [
    room.on("caughtUp", ({ more }) => {
      if (!more) keys.flush();
    }),
    room.on("lost", () => keys.addAll()),
    // Nothing of what happened since the room was left is replayed.
    room.on("state", ({ status }) => {
      if (status === "disconnected") wasLeft = true;
    }),
    room.on("connected", () => {
      if (wasLeft) keys.addAll();
      wasLeft = false;
    }),
  ];
  // `in`, and not `Object.entries`, whose names are any texts to the compiler.
  for (const topic in events) {
    const what: Invalidates<Events, typeof topic> = events[topic];
    const onEvent = (event: AppEvent<Events, typeof topic>) => {
      const key = typeof what === "function" ? what(event, queryClient) : what;
      if (key) keys.add(key);
    };
    stops.push(room.onEvent(topic, onEvent, { own }));
  }
  return () => {
    for (const stop of stops) stop();
    keys.close();
  };
}

/** Gathers keys, each once, and invalidates them together. */
class StaleKeys {
  readonly #queryClient: QueryClient;
  readonly #known = new Map<string, QueryKey>();
  readonly #stale = new Map<string, QueryKey>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the first of `#stale` is due at the latest; by a clock that is not set back. */
  #dueAt = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
  }

  name(key: QueryKey): void {
    this.#known.set(hashKey(key), key);
  }

  add(key: QueryKey): void {
    const now = performance.now();
    if (this.#stale.size === 0) this.#dueAt = now + AT_MOST_MS;
    this.name(key);
    this.#stale.set(hashKey(key), key);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.min(QUIET_MS, Math.max(0, this.#dueAt - now)));
  }

  addAll(): void {
    for (const key of [...this.#known.values()]) this.add(key);
  }

  flush(): void {
    clearTimeout(this.#timer);
    for (const [hash, key] of this.#stale) {
      if (this.#isMutating(key)) continue;
      this.#stale.delete(hash);
      this.#invalidate(key);
    }
    if (this.#stale.size > 0) this.#awaitMutations();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stopWaiting?.();
    this.#stale.clear();
  }

  #isMutating(key: QueryKey): boolean {
    const running = this.#queryClient.getMutationCache().findAll({ status: "pending" });
    return running.some(({ options: { mutationKey } }) => {
      if (mutationKey === undefined) return false;
      return partialMatchKey(mutationKey, key) || partialMatchKey(key, mutationKey);
    });
  }

  /** An answer of the server in the middle of a mutation would show the state before it, for a moment. */
  #awaitMutations(): void {
    this.#stopWaiting ??= this.#queryClient.getMutationCache().subscribe(({ type, mutation }) => {
      const isOver = type === "removed" || (type === "updated" && mutation.state.status !== "pending");
      if (!isOver) return;
      this.#stopWaiting?.();
      this.#stopWaiting = undefined;
      this.flush();
    });
  }

  /**
   * An invalidation joins a first fetch, which may have read the data before the event: that fetch begins again. One that
   * nothing observes is a prefetch, or that of a router: its promise must not reject, so it is followed by another.
   * Nothing here is awaited: offline it would wait for the network.
   */
  #invalidate(queryKey: QueryKey): void {
    const queryClient = this.#queryClient;
    const isFirst = ({ state }: Query) => state.fetchStatus === "fetching" && state.data === undefined;
    const prefetches = { queryKey, predicate: (query: Query) => isFirst(query) && !query.isActive() };
    for (const query of queryClient.getQueryCache().findAll(prefetches)) {
      const again = () => queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true });
      query.promise?.then(again).catch(() => {});
    }
    queryClient
      .cancelQueries({ queryKey, predicate: (query) => isFirst(query) && query.isActive() })
      .then(() => queryClient.invalidateQueries({ queryKey }))
      .catch(() => {});
  }
}
