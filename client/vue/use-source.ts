// How a composable of Vue shows a source: subscribed at `setup`, paused while kept alive, never on a server.

import {
  type ComputedRef,
  computed,
  getCurrentInstance,
  getCurrentScope,
  hasInjectionContext,
  inject,
  onActivated,
  onDeactivated,
  onMounted,
  type Ref,
  ref,
  shallowRef,
  ssrContextKey,
  watch,
} from "vue";
import { isSame, type Source } from "../bindings/source.ts";

interface Life {
  /** `false` on a server, and while the component is kept alive, but not shown. */
  readonly isActive: Readonly<Ref<boolean>>;
  /** `true` on a server, and until what it rendered is hydrated. */
  readonly isOfServer: Readonly<Ref<boolean>>;
}

/** Of the scope that is current. Throws without one, where nothing would end what begins. */
function lifeOfScope(): Life {
  const scope = getCurrentScope();
  if (scope === undefined)
    throw new Error(
      "Composables of edge-rooms are called in setup, before the first await, or in an effectScope.",
    );
  const instance = getCurrentInstance();
  const isServer = isOnServer(instance !== null);
  const isActive = ref(!isServer);
  // A component that hydrates has the server's element before its own first render.
  const isOfServer = ref(isServer || Boolean(instance?.vnode.el));
  if (instance === null || isServer) return { isActive, isOfServer };
  onMounted(() => {
    isOfServer.value = false;
  });
  if (isWithin(scope, Object(instance).scope)) {
    onActivated(() => {
      isActive.value = true;
    });
    onDeactivated(() => {
      isActive.value = false;
    });
  }
  return { isActive, isOfServer };
}

/**
 * A renderer for servers says that it is one: a component of a native renderer has no window either. A store, which has an
 * app and no component, may be made before that. A scope without an app is the caller's, who ends it.
 */
function isOnServer(isComponent: boolean): boolean {
  if (!hasInjectionContext()) return false;
  if (inject(ssrContextKey, undefined) !== undefined) return true;
  return !isComponent && typeof window === "undefined";
}

/** A store that a component made first is not within the component's scope, and is not paused with it. */
function isWithin(scope: unknown, outer: unknown): boolean {
  return scope === outer || (scope !== undefined && isWithin(Object(scope).parent, outer));
}

/**
 * Runs `begin` with the value, and what it returned before it runs again: while the component is shown. `value` may throw:
 * at first here, where it ends `setup`; later it is reported as an error of the component, and `onFault` is called.
 */
export function whileActive<Value>(
  value: () => Value,
  begin: (value: Value) => () => void,
  onFault = () => {},
): Life {
  const life = lifeOfScope();
  value();
  watch(
    [value, life.isActive] as const,
    ([current, isActive], _, onCleanup) => {
      // Vue reports what a watched function throws, and goes on with `undefined`.
      if (current === undefined) onFault();
      else if (isActive) onCleanup(begin(current));
    },
    { immediate: true, flush: "sync" },
  );
  return life;
}

/** The selected part of a source. What shows it renders when that part changes: see `isSame`. */
export function useSource<Snapshot, Value>(
  source: () => Source<Snapshot>,
  select: (snapshot: Snapshot) => Value,
): ComputedRef<Value> {
  // That of all sources of this kind.
  const { serverSnapshot } = source();
  const snapshot = shallowRef<Snapshot>(serverSnapshot);
  const { isOfServer } = whileActive(
    source,
    (current) => {
      const read = () => {
        snapshot.value = current.getSnapshot();
      };
      const stop = current.subscribe(read);
      read();
      return stop;
    },
    () => {
      snapshot.value = serverSnapshot;
    },
  );
  return computed((last: Value | undefined) => {
    const value = select(isOfServer.value ? serverSnapshot : snapshot.value);
    return last !== undefined && isSame(last, value) ? last : value;
  });
}
