// How a component of React shows a source. Not `useSyncExternalStore`: each of its updates is synchronous and ends a
// transition that renders, so where messages keep coming a transition does not end. Here the selected value is state.

import { startTransition, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { isSame, type Source } from "../bindings/source.ts";

interface Held<Snapshot, Value> {
  readonly source: Source<Snapshot>;
  /** `undefined`: it threw, and throws where React catches it when the component renders. */
  readonly select: ((snapshot: Snapshot) => Value) | undefined;
  readonly value: Value;
  /** The value is of the server's snapshot. */
  readonly isOfServer: boolean;
}

interface Shown<Snapshot, Value> {
  readonly source: Source<Snapshot>;
  readonly select: (snapshot: Snapshot) => Value;
  readonly value: Value;
  /** What the last update asked for, which may not be shown yet. */
  asked: Value;
}

const never = () => () => {};

/**
 * Whether this component hydrates what a server rendered. The answer stays for the life of the component: if it changed,
 * React would render again at once, and replace what a lazy boundary below has not hydrated yet.
 */
export function useHydrating(): boolean {
  const [component] = useState({ hydrates: false });
  return useSyncExternalStore(
    never,
    () => component.hydrates,
    () => {
      component.hydrates = true;
      return true;
    },
  );
}

/** The selected part of a source. It renders when that part changes: see `isSame`. `select` may be made anew each time. */
export function useSource<Snapshot, Value>(
  source: Source<Snapshot>,
  select: (snapshot: Snapshot) => Value,
): Value {
  const hydrates = useHydrating();
  const [held, setHeld] = useState(
    (): Held<Snapshot, Value> => ({
      source,
      select,
      value: select(hydrates ? source.serverSnapshot : source.getSnapshot()),
      isOfServer: hydrates,
    }),
  );
  const shown = useRef<Shown<Snapshot, Value> | undefined>(undefined);
  const selected = selectedOf(held, source, select);
  const value =
    shown.current !== undefined && isSame(shown.current.value, selected) ? shown.current.value : selected;

  const update = () => {
    const now = shown.current;
    if (now === undefined) return;
    try {
      const next = now.select(now.source.getSnapshot());
      if (isSame(now.asked, next)) return;
      now.asked = next;
      setHeld({ source: now.source, select: now.select, value: next, isOfServer: false });
    } catch {
      setHeld((held) => ({ ...held, select: undefined, isOfServer: false }));
    }
  };

  useLayoutEffect(() => {
    const last = shown.current;
    const isOther = last?.source !== source || last.select !== select;
    shown.current = { source, select, value, asked: isOther ? value : last.asked };
    // The last selector may have left out a change that this one shows.
    if (isOther && last !== undefined) update();
  });

  // A layout effect, so that what was hidden is not painted as it was; and so that nothing is subscribed while hidden.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `update` reads what is shown when it is called.
  useLayoutEffect(() => {
    const stop = source.subscribe(update);
    if (held.isOfServer) startTransition(update);
    else update();
    return stop;
  }, [source]);

  return value;
}

function selectedOf<Snapshot, Value>(
  held: Held<Snapshot, Value>,
  source: Source<Snapshot>,
  select: (snapshot: Snapshot) => Value,
): Value {
  if (held.source === source && held.select === select) return held.value;
  // Not what is held, which may lack a change that the last selector left out.
  return select(held.isOfServer && held.source === source ? source.serverSnapshot : source.getSnapshot());
}
