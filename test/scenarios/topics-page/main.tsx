// A page whose data are those of its own back end: events of three topics say what to fetch again.

import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { createClient, type RoomHandle } from "edge-rooms";
import { EdgeRooms, useConnection, useRoom, useRoomEvent } from "edge-rooms/react";
import { invalidateOn } from "edge-rooms/tanstack-query";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const ATTEMPTS = 5;
const TOPICS = ["analysis", "proposals", "knowledge"];
/** What is there already is fetched: only what happens from now on makes it stale. */
const OPTIONS = { topics: TOPICS, history: 0 };

const client = createClient({
  url: new URLSearchParams(location.search).get("rooms") ?? "http://localhost:8787",
  getToken: async () => (await fetch("/token")).text(),
  maxAttempts: ATTEMPTS,
  reconnect: { minMs: 1_000, maxMs: 16_000 },
});
const queryClient = new QueryClient();

const load = async (what: string): Promise<string> => (await fetch(`/api/${what}`)).text();

function useStaleness(room: RoomHandle): void {
  const queries = useQueryClient();
  useEffect(
    () =>
      invalidateOn(
        room,
        {
          analysis: ["analysis"],
          proposals: ["proposals"],
          "knowledge.updated": ["knowledge"],
          "knowledge.deleted": () => queries.removeQueries({ queryKey: ["knowledge"] }),
        },
        queries,
      ),
    [room, queries],
  );
}

function Toast({ room }: { room: RoomHandle }) {
  const connection = useConnection(room);
  const { status } = connection;
  if (status === "connected") return null;
  if (status === "connecting") return <p role="status">Connecting</p>;
  if (status === "reconnecting") {
    const seconds = Math.round((connection.retryAt - Date.now()) / 1_000);
    return (
      <p role="status">{`Connection lost: attempt ${connection.attempt} of ${ATTEMPTS} in ${seconds} s`}</p>
    );
  }
  return (
    <p role="alert">
      {connection.error?.message ?? "Not connected"}
      <button type="button" onClick={room.reconnect}>
        Reconnect
      </button>
    </p>
  );
}

function Data({ what }: { what: string }) {
  const { data } = useQuery({
    queryKey: [what],
    queryFn: () => load(what),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return <dd id={what}>{data}</dd>;
}

function Workspace() {
  const room = useRoom("workspace", OPTIONS);
  useStaleness(room);
  const [heard, setHeard] = useState<readonly string[]>([]);
  const [isOpen, setIsOpen] = useState(true);
  useRoomEvent(room, "*", ({ event }) => setHeard((before) => [...before, event]));
  return (
    <>
      <Toast room={room} />
      <dl>
        <Data what="analysis" />
        <Data what="proposals" />
        {isOpen && <Data what="knowledge" />}
      </dl>
      <button type="button" onClick={() => setIsOpen(!isOpen)}>
        Knowledge
      </button>
      <p id="heard">{heard.join()}</p>
    </>
  );
}

const root = document.getElementById("app");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <EdgeRooms client={client}>
          <Workspace />
        </EdgeRooms>
      </QueryClientProvider>
    </StrictMode>,
  );
