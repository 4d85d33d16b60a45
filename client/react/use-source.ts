// How a component of React shows a source. Not `useSyncExternalStore`: each of its updates is synchronous and ends a
// transition that renders, so where messages keep coming a transition does not end. Here the selected value is state.

import { startTransition, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { isSame, type Source } from "../bindings/source.ts";

interface Held<Snapshot, Value> {
  readonly source: Source<Snapshot>;
  /** `undefined`: it threw, and throws where React catches it when the component renders. */
  readonly select: ((snapshot: Snapshot) => Value) | undefined;
  /** That of which `value` was selected; the server's while the component hydrates. */
  readonly snapshot: Snapshot;
  readonly value: Value;
}

interface Shown<Snapshot, Value> {
  readonly source: Source<Snapshot>;
  readonly select: (snapshot: Snapshot) => Value;
  readonly value: Value;
  /** What the last update asked for, which may not be shown yet. */
  asked: Pick<Held<Snapshot, Value>, "snapshot" | "value">;
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
  const selected = (snapshot: Snapshot): Held<Snapshot, Value> => ({
    source,
    select,
    snapshot,
    value: select(snapshot),
  });
  const [held, setHeld] = useState(() => selected(hydrates ? source.serverSnapshot : source.getSnapshot()));
  const shown = useRef<Shown<Snapshot, Value> | undefined>(undefined);
  const isOfServer = held.source === source && held.snapshot === source.serverSnapshot;
  // Not what is held where the selector is another one, as it may lack a change that the last selector left out.
  const next =
    held.source === source && held.select === select
      ? held
      : selected(isOfServer ? source.serverSnapshot : source.getSnapshot());
  const value =
    shown.current !== undefined && isSame(shown.current.value, next.value) ? shown.current.value : next.value;

  const update = () => {
    const now = shown.current;
    if (now === undefined) return;
    const snapshot = now.source.getSnapshot();
    // Selected again, it may be another object, though nothing has changed.
    if (snapshot === now.asked.snapshot) return;
    try {
      const value = now.select(snapshot);
      const isChange = !isSame(now.asked.value, value);
      now.asked = { snapshot, value };
      if (isChange) setHeld({ source: now.source, select: now.select, snapshot, value });
    } catch {
      setHeld((held) => ({ ...held, select: undefined, snapshot }));
    }
  };

  useLayoutEffect(() => {
    const last = shown.current;
    const isOther = last?.source !== source || last.select !== select;
    shown.current = {
      source,
      select,
      value,
      asked: isOther ? { snapshot: next.snapshot, value } : last.asked,
    };
    // The last selector may have left out a change that this one shows.
    if (isOther && last !== undefined) update();
  });

  // A layout effect, so that what was hidden is not painted as it was; and so that nothing is subscribed while hidden.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `update` reads what is shown when it is called.
  useLayoutEffect(() => {
    const stop = source.subscribe(update);
    if (isOfServer) startTransition(update);
    else update();
    return stop;
  }, [source]);

  return value;
}
