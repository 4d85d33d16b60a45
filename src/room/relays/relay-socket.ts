import type { SharedFrame } from "../../object/shared-frame.ts";
import type { SocketPort } from "../../object/socket-port.ts";
import { type Closing, parseCloseReason } from "../../protocol/index.ts";
import type { RoomConnectionState } from "../people/room-connection.ts";
import type { PageThere } from "./relay-calls.ts";
import type { RelaySteps } from "./relay-steps.ts";

/** The socket of a connection that a relay has: what happens to it becomes steps of the next dispatch. */
export class RelaySocket implements SocketPort {
  /** The room forgets a connection that is silent: so what it has to keep for longer is written here. */
  readonly savesForFree = false;
  readonly #steps: RelaySteps;
  readonly #id: string;
  /** In UTF-16 units: what was given to the relay and is not known to have come. */
  #underWay = 0;
  /** What waited in the socket when the relay said so last, in bytes. */
  #waiting = 0;
  /** Whether the room has closed it. */
  isClosed = false;

  constructor(steps: RelaySteps, id: string) {
    this.#steps = steps;
    this.#id = id;
  }

  send(frame: string): void {
    this.#underWay += frame.length;
    this.#steps.send(this.#id, frame);
  }

  /** The relay sends this page. */
  makesPage(page: PageThere): void {
    this.#underWay += page.length;
    this.#steps.add({ do: "page", id: this.#id, ...page });
  }

  sendBytes({ text }: SharedFrame): void {
    this.send(text);
  }

  close(_code: number, reason: string): void {
    this.isClosed = true;
    const closing: Closing = parseCloseReason(reason) ?? { code: "internal" };
    this.#steps.add({ do: "close", id: this.#id, closing });
  }

  /** `null`: it has ended, of which the relay knows, or is told with the close. */
  save(state: RoomConnectionState | null): void {
    if (state !== null) this.#steps.add({ do: "state", id: this.#id, state });
  }

  unsentBytes(): number {
    return this.#underWay + this.#waiting;
  }

  /** The relay watches the heartbeat. */
  heartbeatAt(): "elsewhere" {
    return "elsewhere";
  }

  /** What was given to the relay has come, or is lost. */
  settled(): void {
    this.#underWay = 0;
  }

  /** The relay says what waits in the socket, in bytes. */
  waits(bytes: number): void {
    this.#waiting = bytes;
  }
}
