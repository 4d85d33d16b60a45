// The rules of a hub: it passes what a room has for up to 50 relays to each of them, and what they send up to the room in
// one call. It reads none of it.

import { type RetryPorts, retry } from "../object/retry.ts";
import { type HubAnswer, type HubCall, type RelayResult, unpacked } from "../room/relays/hub-calls.ts";
import type {
  AddressedDispatch,
  Dispatch,
  DispatchAnswer,
  StoredRelay,
  Upload,
  UploadAnswer,
} from "../room/relays/relay-calls.ts";
import { callsOf } from "../room/relays/split-dispatch.ts";
import { SerialQueues } from "../session-rooms/serial-queues.ts";
import { MergedUploads } from "./merged-uploads.ts";

export interface HubPorts extends RetryPorts {
  /** Which life of the hub's object this is. */
  readonly life: string;
  deliver(relay: StoredRelay, dispatches: readonly Dispatch[]): Promise<DispatchAnswer>;
  upload(uploads: readonly Upload[]): Promise<readonly UploadAnswer[]>;
  now(): number;
  unreachable(relay: number, error: unknown): void;
}

const TRIES = 4;
/** When the first relay has answered, the others have as long again, within these bounds, in milliseconds. */
const LEAST_WAIT_MS = 10;
const MOST_WAIT_MS = 500;

export class Hub {
  readonly #ports: HubPorts;
  readonly #queues: SerialQueues<AddressedDispatch>;
  readonly #uploads: MergedUploads;
  /** The call of the room that came last, which may come again. */
  #last: { readonly room: string; readonly number: number; readonly answer: Promise<HubAnswer> } | undefined;
  /** Lives of the room's object that are over. */
  readonly #over = new Set<string>();
  /** What the room has not heard. */
  #results: RelayResult[] = [];

  constructor(ports: HubPorts) {
    this.#ports = ports;
    this.#queues = new SerialQueues({
      maxTasks: Number.POSITIVE_INFINITY,
      maxLength: Number.POSITIVE_INFINITY,
      reportFault: (relay, error) => ports.unreachable(Number(relay), error),
    });
    this.#uploads = new MergedUploads((uploads) => ports.upload(uploads), ports.wait);
  }

  /** A call of the room. It waits for the relays that are idle, but not for slow ones: their answers come with a later call. */
  async pass(call: HubCall): Promise<HubAnswer> {
    const { life } = this.#ports;
    if (this.#over.has(call.life)) throw new Error("this life of the room is over");
    if (call.hub !== null && call.hub !== life) return { kind: "other life", life };
    const last = this.#last;
    if (last?.room === call.life) {
      if (call.number === last.number) return last.answer;
      if (call.number < last.number) throw new Error("a later call has come");
    } else if (last !== undefined) {
      this.#over.add(last.room);
      this.#results = [];
    }
    const answer = this.#pass(call);
    this.#last = { room: call.life, number: call.number, answer };
    return answer;
  }

  /** A call of a relay. */
  upload(upload: Upload): Promise<UploadAnswer> {
    return this.#uploads.add(upload);
  }

  async #pass(call: HubCall): Promise<HubAnswer> {
    const idle = new Set<string>();
    for (const addressed of unpacked(call)) {
      const relay = String(addressed.number);
      if (!this.#queues.isBusy(relay)) idle.add(relay);
      this.#queues.gather(relay, addressed, 0, (take) => this.#deliver(addressed, take()));
    }
    await this.#wait(Array.from(idle, (relay) => this.#queues.settled(relay)));
    // The room does not hear this answer if it has called again since: what there is goes with the later one.
    const isLast = this.#last?.room === call.life && this.#last.number === call.number;
    return { kind: "taken", life: this.#ports.life, results: isLast ? this.#results.splice(0) : [] };
  }

  /** Relays may be a continent away: those that are near do not wait for them with each call. */
  async #wait(answers: readonly Promise<void>[]): Promise<void> {
    if (answers.length === 0) return;
    const { now, wait } = this.#ports;
    const since = now();
    await Promise.race([...answers, wait(MOST_WAIT_MS)]);
    const rest = Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, now() - since));
    await Promise.race([Promise.all(answers), wait(rest)]);
  }

  async #deliver(relay: StoredRelay, gathered: readonly AddressedDispatch[]): Promise<void> {
    for (const dispatches of callsOf(gathered)) {
      const answer = await this.#call(relay, dispatches);
      const last = dispatches.at(-1);
      if (last === undefined || this.#over.has(last.life)) continue;
      this.#results.push({ relay: relay.number, upTo: last.number, answer });
    }
  }

  async #call(relay: StoredRelay, dispatches: readonly Dispatch[]): Promise<DispatchAnswer | null> {
    try {
      return await retry(() => this.#ports.deliver(relay, dispatches), TRIES, this.#ports);
    } catch (error) {
      this.#ports.unreachable(relay.number, error);
      return null;
    }
  }
}
