// Clients that come back after a cut, as an app would use them: each hands on what it receives, in the order it does.

import { pathToFileURL } from "node:url";
import { DIALECTS, type DialectName, tokenFor } from "./dialect.ts";
import { RawSocket } from "./raw-socket.ts";

/** A message of the sender, by its number. */
export type OnNumber = (n: number) => void;

export interface Place {
  readonly port: number;
  readonly room: string;
  readonly user: string;
}

export interface Reader {
  close(): void;
}

/** Resolves when the reader receives messages for the first time. */
type OpenReader = (place: Place, onNumber: OnNumber) => Promise<Reader>;

/** The packages of the peers, as far as they are used here. They are installed by the bench only. */
const peerModule = (name: string) => import(import.meta.resolve(name));

const numberIn = (data: unknown): number =>
  typeof data === "object" && data !== null && "n" in data ? Number(data.n) : Number.NaN;

interface OurModule {
  createClient(options: { url: string; getToken: () => Promise<string>; log: "off" }): {
    room(name: string, options: object): OurRoom;
    close(): void;
  };
}

interface OurRoom {
  readonly state: { readonly status: string };
  on(event: "message", fn: (message: { readonly data: unknown }) => void): () => void;
  subscribe(fn: () => void): () => void;
}

/** The built client of a checkout, with its defaults. It drops old messages, so that a hundred of them fit here. */
export const ourClient =
  (module: string): OpenReader =>
  async ({ port, room: name, user }, onNumber) => {
    const { createClient }: OurModule = await import(pathToFileURL(module).href);
    const client = createClient({
      url: `http://127.0.0.1:${port}`,
      getToken: () => tokenFor(user),
      log: "off",
    });
    const room = client.room(name, { history: 0, keep: 200 });
    room.on("message", ({ data }) => onNumber(numberIn(data)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => room.state.status === "connected" && resolve();
    room.subscribe(look);
    look();
    await promise;
    return { close: () => client.close() };
  };

interface Frame {
  readonly type: string;
  readonly epoch?: string;
  readonly seq?: number;
  readonly data?: unknown;
  readonly events?: readonly Frame[];
  readonly more?: true;
}

/** A client of a page of code: it keeps a cursor, and comes back with it after a second and some jitter. */
const cursorClient: OpenReader = async ({ port, room, user }, onNumber) => {
  let epoch = "";
  let seq = 0;
  let isOpen = true;
  let socket: RawSocket | undefined;
  const { promise, resolve } = Promise.withResolvers<void>();
  const take = (frame: Frame) => {
    if (frame.type === "connected") epoch = frame.epoch ?? "";
    for (const event of frame.events ?? []) take(event);
    if (frame.seq !== undefined) seq = Math.max(seq, frame.seq);
    if (frame.type === "message") onNumber(numberIn(frame.data));
    // The answer to `history` is `ok`, with the events of a page.
    if (frame.more) socket?.send(`{"type":"history","id":"p${seq}","after":${seq},"limit":1000}`);
    if (frame.type === "caughtUp" && !frame.more) resolve();
  };
  const again = () => {
    if (isOpen) setTimeout(() => void open(), 500 + 500 * Math.random());
  };
  const open = async () => {
    const query = epoch === "" ? "?history=0" : `?since=${epoch}.${seq}`;
    const { path, protocols = [] } = await DIALECTS.edgeRooms.connect(room, user, `${query}&presence=off`);
    try {
      socket = await RawSocket.open(
        { port, path, protocols },
        {
          onFrame: (payload, own) => {
            socket = own;
            take(JSON.parse(payload.toString()));
          },
          onClose: again,
        },
      );
    } catch {
      // The close tries again.
    }
  };
  await open();
  await promise;
  return {
    close() {
      isOpen = false;
      socket?.destroy();
    },
  };
};

interface SocketIoModule {
  io(
    url: string,
    options: object,
  ): {
    on(event: string, fn: (data: unknown) => void): void;
    disconnect(): void;
  };
}

const socketIoClient: OpenReader = async ({ port, room }, onNumber) => {
  const { io }: SocketIoModule = await peerModule("socket.io-client");
  const options = { transports: ["websocket"], query: { room }, forceNew: true };
  const socket = io(`http://127.0.0.1:${port}`, options);
  socket.on("chat", (data) => onNumber(numberIn(data)));
  await new Promise((resolve) => socket.on("connect", resolve as () => void));
  return { close: () => socket.disconnect() };
};

interface PartyModule {
  default: new (options: {
    host: string;
    room: string;
    id: string;
  }) => {
    addEventListener(event: "message", fn: (event: { readonly data: string }) => void): void;
    close(): void;
  };
}

const partyClient: OpenReader = async ({ port, room, user }, onNumber) => {
  const { default: PartySocket }: PartyModule = await peerModule("partysocket");
  const socket = new PartySocket({ host: `127.0.0.1:${port}`, room, id: user });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.addEventListener("message", ({ data }) => {
    if (data === "hello") resolve();
    else onNumber(numberIn(JSON.parse(data).data));
  });
  await promise;
  return { close: () => socket.close() };
};

/** The client of a dialect; `module` is a built client of ours. */
export function readerOf(dialect: DialectName, module: string | undefined): OpenReader {
  switch (dialect) {
    case "edgeRooms":
      return module === undefined ? cursorClient : ourClient(module);
    case "socketIo":
      return socketIoClient;
    case "plain":
      return partyClient;
  }
}
