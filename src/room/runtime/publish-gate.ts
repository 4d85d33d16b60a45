// Has a user's message judged on its way to the queue of a room: what can be settled without a question is, the question
// is asked, and its answer goes into the queue with the command.

import type { Actor } from "../../access/identity.ts";
import { FAILED } from "../../object/answers.ts";
import type { Passage } from "../../object/command-barrier.ts";
import { encodeData } from "../../object/encode-data.ts";
import { accept, type Outcome, type Refusal, refuse, reject } from "../../protocol/index.ts";
import type { BeforePublish, Foreseen, PublishAct, Publishing } from "../before-publish.ts";
import type { RoomConnection } from "../people/room-connection.ts";
import type { Room } from "../room.ts";
import type { AppliedCommand } from "../room-commands.ts";
import type { Asked, Ruling } from "../ruling.ts";

/** What waits is not asked about any more so long after its connection ended, in milliseconds. */
const ASKED_AFTER_END_MS = 10_000;

interface Judge {
  judge(question: Publishing): Promise<Outcome<Ruling>>;
  /** Whether messages of this event are refused where there is no answer. */
  closes(event: string): boolean;
}

/** Longer than a client is told to wait. */
const MAX_AGAIN_MS = 10_000;

export interface PublishGatePorts extends Judge {
  now(): number;
}

type PublishingCommand = Extract<AppliedCommand, { type: "send" | "edit" }>;

export class PublishGate {
  readonly #room: Room;
  readonly #rules: BeforePublish;
  readonly #ports: PublishGatePorts;
  /** When connections ended whose commands still wait, in milliseconds. */
  readonly #endedAt = new WeakMap<RoomConnection, number>();
  /** Connections with a message that could not be judged: when their client sends it again at the earliest. */
  readonly #againAt = new WeakMap<RoomConnection, number>();

  constructor(room: Room, rules: BeforePublish, ports: PublishGatePorts) {
    this.#room = room;
    this.#rules = rules;
    this.#ports = ports;
  }

  /** How a command of a connection goes into the queue; `undefined`: as it is. */
  ask(connection: RoomConnection, command: AppliedCommand): Passage | undefined {
    if (command.type !== "send" && command.type !== "edit") return undefined;
    const { connections } = this.#room;
    // Of one that is gone nothing takes effect.
    if (!connections.isOpen(connection) && !connections.isJoining(connection)) return undefined;
    const act = actOf(command);
    if (!act.ok) return () => this.#refuse(connection, command, act.refusal);
    const foreseen = this.#foresee(connection.state.actor, act.value);
    if (foreseen === undefined) return undefined;
    if (foreseen.kind === "refused") return () => this.#refuse(connection, command, foreseen.refusal);
    if (foreseen.kind === "repeat") return () => this.#take(connection, command, {});
    const { now } = this.#ports;
    if (now() - (this.#endedAt.get(connection) ?? now()) >= ASKED_AFTER_END_MS) return () => {};
    const refusal = this.#overtakes(connection, foreseen.question);
    if (refusal !== undefined) return () => this.#refuse(connection, command, refusal);
    return this.#judge(connection, command, foreseen.question);
  }

  /**
   * Why a message is refused that its client sent before it knew of one that could not be judged, if so: that one would
   * come after it. What comes later than the client was told to wait is sent again in order.
   */
  #overtakes(connection: RoomConnection, { type, event }: Publishing): Refusal | undefined {
    const waitMs = (this.#againAt.get(connection) ?? 0) - this.#ports.now();
    // If the clock was set back, nobody waits for the old time.
    if (waitMs <= 0 || waitMs > MAX_AGAIN_MS || type === "edit" || !this.#ports.closes(event))
      return undefined;
    return refuse("overloaded", "the message before this one could not be judged", { retryAfterMs: waitMs });
  }

  /** The connection has ended. What it sent before is judged as far as that takes some seconds. */
  ended(connection: RoomConnection): void {
    this.#endedAt.set(connection, this.#ports.now());
  }

  /** As `ask`, for a call: what was asked, or why it is refused. `undefined` in the outcome: nothing, and it is not paid for. */
  async askForCall(actor: Actor, act: PublishAct): Promise<Outcome<Asked | undefined>> {
    const foreseen = this.#foresee(actor, act);
    if (foreseen === undefined) return accept(undefined);
    if (foreseen.kind === "refused") return reject(foreseen.refusal);
    if (foreseen.kind === "repeat") return accept({});
    const judged = await this.#ports.judge(foreseen.question);
    return judged.ok ? accept({ ruling: judged.value }) : judged;
  }

  async #judge(
    connection: RoomConnection,
    command: PublishingCommand,
    question: Publishing,
  ): Promise<() => void> {
    const judged = await this.#ports.judge(question);
    if (judged.ok) return () => this.#take(connection, command, { ruling: judged.value });
    const { refusal } = judged;
    if (refusal.code === "overloaded" && question.type === "send")
      this.#againAt.set(connection, this.#ports.now() + (refusal.retryAfterMs ?? 0));
    return () => this.#refuse(connection, command, refusal);
  }

  /** A fault ends its command only. */
  #foresee(actor: Actor, act: PublishAct): Foreseen | undefined {
    try {
      return this.#rules.foresee(actor, act, this.#ports.now());
    } catch (error) {
      this.#room.reportFault(error);
      return { kind: "refused", refusal: FAILED };
    }
  }

  #take(connection: RoomConnection, command: PublishingCommand, asked: Asked): void {
    this.#room.enqueue({ kind: "command", connection, command, asked });
  }

  #refuse(connection: RoomConnection, { id, type }: PublishingCommand, refusal: Refusal): void {
    this.#room.enqueue({ kind: "refused", connection, id, refusal, command: type });
  }
}

function actOf(command: PublishingCommand): Outcome<PublishAct> {
  const data = encodeData(command.data);
  if (!data.ok) return data;
  if (command.type === "edit") return accept({ type: "edit", seq: command.seq, data: data.value });
  const { type: _, echo: __, ...input } = command;
  return accept({ type: "send", input: { ...input, data: data.value } });
}

/** `undefined`: nobody is asked. */
export const publishGate = (room: Room, judge: Judge | undefined): PublishGate | undefined =>
  room.beforePublish &&
  judge &&
  new PublishGate(room, room.beforePublish, {
    judge: (question) => judge.judge(question),
    closes: (event) => judge.closes(event),
    now: () => Date.now(),
  });
