import { type AnyRoom, type Inbox, RoomsError } from "../index.ts";
import { oncePer, roomSource, type Source } from "./source.ts";

/** What is known of the pages before those that are shown. */
export interface OlderPages {
  /** `false` once the server said that nothing is older. */
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  /** Why the last page did not come, such as `offline`; `undefined` while the next is loaded. */
  readonly olderError: RoomsError | undefined;
}

export interface OlderPagesSource extends Source<OlderPages> {
  /** Never rejects: see `olderError`. Without effect while a page is loaded. */
  readonly loadOlder: (limit?: number) => Promise<void>;
}

const UNKNOWN: OlderPages = Object.freeze({ hasOlder: true, isLoadingOlder: false, olderError: undefined });

interface Paged {
  readonly loadOlder: (limit?: number) => Promise<{ readonly more: boolean }>;
  /** Calls `fn` when the list begins again. */
  readonly onNewList: (fn: () => void) => () => void;
}

function olderPages({ loadOlder, onNewList }: Paged): OlderPagesSource {
  const listeners = new Set<() => void>();
  let state = UNKNOWN;
  let loading: Promise<void> | undefined;
  /** Counts the lists, so that a page of an earlier one says nothing of this one. */
  let list = 0;
  let stop = () => {};

  const set = (next: Partial<OlderPages>) => {
    state = Object.freeze({ ...state, ...next });
    for (const fn of [...listeners]) fn();
  };
  const load = async (limit: number | undefined) => {
    const current = list;
    const isCurrent = () => list === current;
    set({ isLoadingOlder: true, olderError: undefined });
    try {
      const { more } = await loadOlder(limit);
      if (isCurrent()) set({ hasOlder: more });
    } catch (error) {
      const olderError =
        error instanceof RoomsError ? error : new RoomsError("internal", undefined, { cause: error });
      if (isCurrent()) set({ olderError });
    } finally {
      loading = undefined;
      set({ isLoadingOlder: false });
    }
  };
  const onLost = () => {
    list += 1;
    set({ hasOlder: true, olderError: undefined });
  };

  return {
    getSnapshot: () => state,
    isIdle: () => false,
    serverSnapshot: UNKNOWN,
    subscribe(fn) {
      const listener = () => fn();
      if (listeners.size === 0) stop = onNewList(onLost);
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
    loadOlder: (limit) => {
      // A click handler gets an event in place of a number.
      loading ??= load(typeof limit === "number" ? limit : undefined);
      return loading;
    },
  };
}

export const olderMessages = oncePer((room: AnyRoom) =>
  olderPages({
    loadOlder: room.loadOlder,
    onNewList(fn) {
      // A room that was left and opened again has a list of its own.
      const isEmptyNow = () => room.latest(1).length === 0;
      let wasEmpty = isEmptyNow();
      if (wasEmpty) fn();
      const stopLooking = roomSource(room).subscribe(() => {
        const isEmpty = isEmptyNow();
        if (isEmpty && !wasEmpty) fn();
        wasEmpty = isEmpty;
      });
      const stops = [stopLooking, room.on("lost", fn), room.on("trimmed", fn)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  }),
);

export const olderNotifications = oncePer((inbox: Inbox) =>
  olderPages({ loadOlder: inbox.loadOlder, onNewList: (fn) => inbox.on("lost", fn) }),
);
