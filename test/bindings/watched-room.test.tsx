// A component that shows a room which is only watched, and one beside it that takes part.

import { StrictMode } from "react";
import { describe, expect, it, vi } from "vitest";
import { loadWatching } from "../../client/connection/transport/watch-transport.ts";
import { useConnection, useRoom } from "../../client/react/index.ts";
import { caughtUp, connected, message } from "../unit/client/support/frames.ts";
import { now, reactWorld, textsOf } from "./support/react-for-test.tsx";

const ANSWER = { recovery: "none", floor: 0, members: [], occupancy: { members: 0, connections: 0 } };

const Watched = () => {
  const room = useRoom("lobby", { watch: true, ...now });
  const { status } = useConnection(room);
  return <p>{`${status}: ${textsOf(room)}`}</p>;
};

const TakesPart = () => <p>{textsOf(useRoom("lobby", now))}</p>;

describe("useRoom with `watch`", () => {
  it("[L117] shows the room without a socket, and with one as soon as another component takes part", async () => {
    const answers = [
      { ...ANSWER, events: [message(1)], cursor: "e1.1" },
      { ...ANSWER, events: [message(2)], cursor: "e1.2", recovery: "complete" },
    ];
    const fetch = vi.fn(async () => Response.json(answers.shift() ?? answers[0]));
    const { render, advance, deliver, sockets, text, clock } = reactWorld({ fetch });
    // As a test moves its own clock only.
    await loadWatching();
    const opened = async () => {
      await advance(0);
      await advance(0);
    };
    await render(
      <StrictMode>
        <Watched />
      </StrictMode>,
    );
    await opened();
    expect([text(), fetch.mock.calls.length, sockets.count]).toEqual(["connected: text 1", 1, 0]);
    await advance(1_500);
    expect([text(), sockets.count]).toEqual(["connected: text 1,text 2", 0]);
    await render(
      <StrictMode>
        <Watched />
        <TakesPart />
      </StrictMode>,
    );
    await opened();
    expect(sockets.last.url.searchParams.get("since")).toBe("e1.2");
    await deliver([connected({ head: 3, recovery: "complete" }), message(3), caughtUp(3)]);
    expect(text()).toBe("connected: text 1,text 2,text 3text 1,text 2,text 3");
    await render(null);
    await advance(0);
    expect([sockets.count, sockets.last.closedWith, clock.pending]).toEqual([1, 1000, 0]);
  });
});
