// What components render while a message of a room is written.

import { memo } from "react";
import { flushSync, mount, unmount } from "svelte";
import { describe, expect, it, onTestFinished } from "vitest";
import { defineComponent, h } from "vue";
import type { RoomHandle, RoomMessage } from "../../client/index.ts";
import { useMessages, useSnapshot } from "../../client/react/index.ts";
import { useMessages as useMessagesInVue, useRoom as useRoomInVue } from "../../client/vue/index.ts";
import { clientForTest } from "../unit/client/support/client-for-test.ts";
import type { Frame } from "../unit/client/support/fake-sockets.ts";
import { batch, caughtUp, connected, message, update } from "../unit/client/support/frames.ts";
import { Room, reactWorld } from "./support/react-for-test.tsx";
import { now, vueWorld } from "./support/vue-for-test.ts";
import Rows from "./svelte/Rows.svelte";
import Stage from "./svelte/Stage.svelte";

const HELD = [1, 2, 3, 4, 5].map((seq) => message(seq));
const OPEN = message(6, { data: { text: "" }, stream: "open" });
const append = (n: number, text: string): Frame => ({ type: "append", seq: 6, n, text });

type Rendered = (string | number)[];

/** A list and six rows, of which the last streams, are shown; `rendered` is what renders, `list` or the `seq` of a row. */
async function renderedWhileItStreams(
  rendered: Rendered,
  deliver: (frames: readonly Frame[]) => Promise<void>,
): Promise<void> {
  const after = async (...frames: Frame[]) => {
    rendered.length = 0;
    await deliver(frames);
    return [...rendered];
  };
  for (let n = 1; n <= 20; n++) expect(await after(append(n, `${n} `))).toEqual(["list", 6]);
  // One text of the server, whatever stands in it, is one render.
  expect(await after(batch(append(21, "a"), append(22, "b"), append(23, "c")))).toEqual(["list", 6]);
  expect(await after(append(23, "again"))).toEqual([]);
  expect(await after({ type: "stream", seq: 6, n: 30, data: { text: "whole" } })).toEqual(["list", 6]);
  const done = message(6, { data: { text: "whole" }, stream: "complete" });
  expect(await after(update(7, done))).toEqual(["list", 6]);
  expect(await after(append(31, "late"))).toEqual([]);
}

const textOf = ({ data, stream }: RoomMessage): string => `${Object(data).text}${stream ?? ""} `;

describe("a message that is written while it is shown", () => {
  it("[V70] renders in React its own row and the list, once a flush", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    const rendered: Rendered = [];
    const Row = memo(({ message }: { message: RoomMessage }) => {
      rendered.push(message.seq ?? 0);
      return <p>{textOf(message)}</p>;
    });
    const List = ({ room }: { room: RoomHandle }) => {
      rendered.push("list");
      return useMessages(room).messages.map((message) => <Row key={message.id} message={message} />);
    };
    await render(<Room name="lobby">{(room) => <List room={room} />}</Room>);
    await advance(0);
    await goLive({ head: 6 }, batch(...HELD, OPEN));
    await renderedWhileItStreams(rendered, deliver);
    expect(text()).toBe("text 1 text 2 text 3 text 4 text 5 wholecomplete ");
  });

  it("[V71] renders in React nothing but its row where the list shows ids, and each row its own message", async () => {
    const { render, advance, goLive, deliver, text } = reactWorld();
    const rendered: Rendered = [];
    const Row = ({ room, id }: { room: RoomHandle; id: string }) => {
      const message = useSnapshot(room, ({ messages }) => messages.findLast((held) => held.id === id));
      rendered.push(message?.seq ?? 0);
      return message && <p>{textOf(message)}</p>;
    };
    const List = ({ room }: { room: RoomHandle }) => {
      const ids = useSnapshot(room, ({ messages }) => messages.map(({ id }) => id));
      rendered.push("list");
      return ids.map((id) => <Row key={id} room={room} id={id} />);
    };
    await render(<Room name="lobby">{(room) => <List room={room} />}</Room>);
    await advance(0);
    await goLive({ head: 6 }, batch(...HELD, OPEN));
    rendered.length = 0;
    for (let n = 1; n <= 20; n++) await deliver([append(n, `${n} `)]);
    expect(rendered).toEqual(Array(20).fill(6));
    expect(text()).toContain("18 19 20 open");
  });

  it("[V72] renders in Vue its own row and the list, once a flush", async () => {
    const { mount, advance, goLive, deliver, text } = vueWorld();
    const rendered: Rendered = [];
    const Row = defineComponent({
      props: ["message"],
      setup(props) {
        return () => {
          rendered.push(props.message.seq);
          return h("p", textOf(props.message));
        };
      },
    });
    mount(
      defineComponent(() => {
        const { messages } = useMessagesInVue(useRoomInVue("lobby", now));
        return () => {
          rendered.push("list");
          return messages.value.map((message) => h(Row, { key: message.id, message }));
        };
      }),
    );
    await advance(0);
    await goLive({ head: 6 }, batch(...HELD, OPEN));
    await renderedWhileItStreams(rendered, deliver);
    expect(text()).toBe("text 1 text 2 text 3 text 4 text 5 wholecomplete ");
  });

  it("[V73] renders in Svelte its own row and the list, once a flush", async () => {
    const { client, clock, sockets } = clientForTest();
    const target = document.createElement("div");
    const rendered: Rendered = [];
    const stage = mount(Stage, {
      target,
      props: { client, first: [[Rows, { onRender: (what: string | number) => rendered.push(what) }]] },
    });
    onTestFinished(async () => {
      await unmount(stage);
      client.close();
    });
    const deliver = async (frames: readonly Frame[]) => {
      sockets.last.deliver(...frames);
      await clock.settle();
      flushSync();
    };
    flushSync();
    await clock.advance(0);
    await deliver([connected({ head: 6 }), batch(...HELD, OPEN), caughtUp(6)]);
    await renderedWhileItStreams(rendered, deliver);
    expect(target.textContent).toBe("text 1 text 2 text 3 text 4 text 5 wholecomplete ");
  });
});
