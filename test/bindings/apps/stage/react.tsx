import { EdgeRooms, useConnection, useMessages, useRoom } from "edge-rooms/react";
import { Activity, StrictMode, Suspense, startTransition, use, useEffect, useState } from "react";
import { client, name, renders, textOf } from "../client.ts";
import { FIRST, now, stage } from "./stage.ts";

const never = new Promise<never>(() => {});

const Held = () => <output id="held">{useMessages(useRoom(name, now)).messages.length}</output>;

function List() {
  renders.lists += 1;
  const { messages } = useMessages(useRoom(name, now));
  return (
    <ol>
      {messages.map(({ id, data }) => (
        <li key={id}>{textOf(data)}</li>
      ))}
    </ol>
  );
}

const Waiting = ({ isWaiting }: { isWaiting: boolean }) => (isWaiting ? use(never) : null);

/** Longer than React works at a stretch, so that messages come between two of them. */
function SlowRow() {
  stage.slowRows += 1;
  if (stage.slowRows > 1_000) throw new Error("The transition starts over without end.");
  const until = performance.now() + 6;
  while (performance.now() < until);
  return <b>{useMessages(useRoom(name, now)).messages.length}</b>;
}

function Stage() {
  const [{ isHeld, isShown, isWaiting, rows }, setState] = useState(FIRST);
  useEffect(() => {
    stage.set = (part) => {
      const set = () => setState((state) => ({ ...state, ...part }));
      if (part.rows === undefined) set();
      else startTransition(set);
    };
  }, []);
  useEffect(() => {
    if (rows > 0) stage.heldAtCommit = client.peek(name).messages.length;
  }, [rows]);
  return (
    <main>
      <output id="status">{useConnection().status}</output>
      {isHeld && <Held />}
      <Activity mode={isShown ? "visible" : "hidden"}>
        <Suspense fallback={<p id="waits">…</p>}>
          <List />
          <Waiting isWaiting={isWaiting} />
        </Suspense>
      </Activity>
      {Array.from({ length: rows }, (_, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike.
        <SlowRow key={n} />
      ))}
    </main>
  );
}

export const page = (
  <StrictMode>
    <EdgeRooms client={client}>
      <Stage />
    </EdgeRooms>
  </StrictMode>
);
