import { payloadOf } from "./crowd.ts";
import type { Dialect } from "./dialect.ts";
import { countIn, RawSocket } from "./raw-socket.ts";

/** Connections that keep a number of messages in flight: each accepted message is followed by the next. */
export class Senders {
  accepted = 0;
  readonly #sockets: RawSocket[] = [];
  #running = true;

  static async start(
    dialect: Dialect,
    { port, room, senders, inFlight }: { port: number; room: string; senders: number; inFlight: number },
  ): Promise<Senders> {
    const all = new Senders();
    await Promise.all(
      Array.from({ length: senders }, (_, at) => all.#open(dialect, port, room, `sender${at}`)),
    );
    const each = Math.ceil(inFlight / senders);
    for (const say of all.#says) for (let i = 0; i < each; i++) say();
    return all;
  }

  stop(): void {
    this.#running = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #says: (() => void)[] = [];

  async #open(dialect: Dialect, port: number, room: string, name: string): Promise<void> {
    const { path, protocols = [] } = await dialect.connect(room, name, "?history=0&batch=envelopes");
    const accepted = dialect.accepted(name);
    let said = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = await RawSocket.open(
      { port, path, protocols },
      {
        onFrame: (frame, own) => {
          const answer = dialect.respond(frame);
          if (answer !== undefined) own.send(answer);
          if (dialect.isReady(frame)) resolve();
          const taken = countIn(frame, accepted);
          this.accepted += taken;
          if (this.#running) for (let i = 0; i < taken; i++) say();
        },
        onClose: () => {},
      },
    );
    const say = () => socket.send(dialect.say(`${name}-${said++}`, payloadOf(name)));
    this.#sockets.push(socket);
    this.#says.push(say);
    await promise;
  }
}
