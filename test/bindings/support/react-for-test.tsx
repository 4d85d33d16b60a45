// Components of React beside a client in a world of its own: what happens is awaited with `act`, by the fake clock.

import { act, Component, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { onTestFinished } from "vitest";
import type { RoomHandle } from "../../../client/index.ts";
import { EdgeRooms, useMessages, useRoom } from "../../../client/react/index.ts";
import { clientForTest, type World, type WorldOptions } from "../../unit/client/support/client-for-test.ts";
import type { FakeSocket, Frame } from "../../unit/client/support/fake-sockets.ts";
import { caughtUp, connected } from "../../unit/client/support/frames.ts";

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

export interface ReactWorld extends World {
  readonly container: HTMLElement;
  readonly text: () => string;
  render(children: ReactNode): Promise<void>;
  /** As `render`, onto what a server made. */
  hydrate(html: string, children: ReactNode): Promise<void>;
  /** What React repaired while it hydrated. */
  readonly faults: readonly unknown[];
  unmount(): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Frames on a socket, the latest by default. */
  deliver(frames: readonly Frame[], socket?: FakeSocket): Promise<void>;
  goLive(greeting?: Frame, ...replayed: Frame[]): Promise<void>;
  /** Sockets that were not closed. */
  openSockets(): readonly FakeSocket[];
}

export function reactWorld(options?: WorldOptions): ReactWorld {
  const world = clientForTest(options);
  const { client, clock, sockets } = world;
  const container = document.createElement("div");
  document.body.append(container);
  let root: Root | undefined;
  const faults: unknown[] = [];
  const inApp = (children: ReactNode) => <EdgeRooms client={client}>{children}</EdgeRooms>;
  const unmount = () => act(async () => root?.unmount());
  onTestFinished(async () => {
    await unmount();
    client.close();
    container.remove();
  });
  const advance = (ms: number) => act(() => clock.advance(ms));
  const deliver = (frames: readonly Frame[], socket = sockets.last) =>
    act(async () => {
      socket.deliver(...frames);
      await clock.settle();
    });
  return {
    ...world,
    container,
    text: () => container.textContent,
    render: (children) =>
      act(async () => {
        root ??= createRoot(container);
        root.render(inApp(children));
      }),
    hydrate: (html, children) =>
      act(async () => {
        container.innerHTML = html;
        root = hydrateRoot(container, inApp(children), {
          onRecoverableError: (fault) => faults.push(fault),
        });
      }),
    faults,
    unmount,
    advance,
    deliver,
    goLive: async (greeting = {}, ...replayed) => {
      const frame = connected(greeting);
      await deliver([frame, ...replayed, caughtUp(Number(frame.head))]);
    },
    openSockets: () => sockets.all.filter(({ closedWith }) => closedWith === undefined),
  };
}

export const textsOf = (room: RoomHandle) =>
  useMessages(room)
    .messages.map(({ data }) => Object(data).text)
    .join();

export const Texts = ({ room }: { room: RoomHandle }) => <p>{textsOf(room)}</p>;

export const now = { releaseAfterMs: 0 };

export const Room = ({ name, children }: { name: string; children: (room: RoomHandle) => ReactNode }) =>
  children(useRoom(name, now));

export const texts = (room: RoomHandle) => <Texts room={room} />;

/** Shows what a component below it threw. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly fault?: Error }> {
  override state: { readonly fault?: Error } = {};
  static getDerivedStateFromError = (fault: Error) => ({ fault });
  override render() {
    return this.state.fault === undefined ? this.props.children : `caught ${this.state.fault.message}`;
  }
}
