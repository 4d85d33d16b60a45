// What the deployer's back end is asked before a call takes effect.

import type { Actor } from "../../access/identity.ts";
import { accept, type Outcome } from "../../protocol/index.ts";
import type { RoomCall } from "../calls.ts";
import type { PublishGate } from "./publish-gate.ts";

/** What a call costs from here on, and its input with the answer of the back end, if that was asked. */
export async function askBefore<Input, T>(
  gate: PublishGate | undefined,
  call: RoomCall<Input, T>,
  actor: Actor,
  input: Input,
): Promise<Outcome<{ readonly cost: number; readonly asked: Input }>> {
  const act = gate === undefined ? undefined : call.publishes?.act(input);
  const asked = act === undefined ? undefined : await gate?.askForCall(actor, act);
  if (asked?.ok === false) return asked;
  if (asked?.value === undefined) return accept({ cost: call.cost?.(input) ?? 1, asked: input });
  return accept({ cost: 0, asked: call.publishes?.withAsked(input, asked.value) ?? input });
}
