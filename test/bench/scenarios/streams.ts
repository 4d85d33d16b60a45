// (o) An answer, token by token, to a crowd: as a stream, and then in the naive way, as an edit with the whole text for each
// token. Both on the same server.

import { percentile } from "../crowd.ts";
import type { Dialect } from "../dialect.ts";
import { cpuSeconds } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { type Figures, newRoom, param, pause, type Scenario } from "./scenario.ts";

/** Delays are measured at one reader in this many. */
const SAMPLED = 10;
const WORDS = [" the", " room", " tells", " each", " one", " what", " it", " has", " said", " so"];
const TOKENS = Buffer.from('"tokens":');
const SHOWN_WITHIN_MS = 5_000;

interface Way {
  /** Tokens that come within the pace of the room go out together, as our client does it. */
  readonly gathers: boolean;
  /** The first command, whose `ok` has the `seq` of the message. */
  open(id: string): object;
  /** The `n`th command says `token`, which may be several. `text`: all of it, `tokens` of them. */
  say(said: { seq: number; n: number; token: string; text: string; tokens: number }): object;
  end(seq: number): object | undefined;
}

const STREAM: Way = {
  gathers: true,
  open: (id) => ({ type: "send", id, data: { text: "" }, stream: true }),
  // The number of the last token, which a reader looks for, goes along.
  say: ({ seq, n, token, tokens }) => ({
    ...{ type: "append", seq, n, text: token, patch: { tokens } },
    ...(n === 1 && { id: "first", ack: true }),
  }),
  end: (seq) => ({ type: "finish", id: "end", seq, status: "complete" }),
};

const EDITS: Way = {
  gathers: false,
  open: (id) => ({ type: "send", id, data: { text: "", tokens: 0 } }),
  say: ({ seq, n, text, tokens }) => ({ type: "edit", id: `e${n}`, seq, data: { text, tokens } }),
  end: () => undefined,
};

class Readers {
  readonly delaysMs: number[] = [];
  bytes = 0;
  frames = 0;
  readonly #sockets: RawSocket[] = [];
  readonly #saidAt: readonly number[];
  #ready = 0;
  /** The last token of all that the sampled readers show. */
  readonly #shown: number[] = [];

  constructor(saidAt: readonly number[]) {
    this.#saidAt = saidAt;
  }

  async join(dialect: Dialect, port: number, room: string, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, at) => this.#open(dialect, port, room, at)));
    while (this.#ready < count) await pause(2);
  }

  haveAll(tokens: number): boolean {
    return this.#shown.every((n) => n >= tokens);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(dialect: Dialect, port: number, room: string, at: number): Promise<void> {
    const { path, protocols = [] } = await dialect.connect(room, `reader${at}`, "?history=0&presence=off");
    const isSampled = at % SAMPLED === 0;
    if (isSampled) this.#shown[at / SAMPLED] = 0;
    let isReady = false;
    const onFrame = (frame: Buffer) => {
      if (isReady) {
        this.bytes += frame.length;
        this.frames += 1;
        if (isSampled) this.#measure(frame, at / SAMPLED);
      } else if (dialect.isReady(frame)) {
        isReady = true;
        this.#ready += 1;
      }
    };
    this.#sockets.push(await RawSocket.open({ port, path, protocols }, { onFrame, onClose: () => {} }));
  }

  #measure(frame: Buffer, reader: number): void {
    const start = frame.lastIndexOf(TOKENS);
    if (start < 0) return;
    const n = Number.parseInt(frame.toString("latin1", start + TOKENS.length, start + TOKENS.length + 8), 10);
    const now = performance.now();
    for (let token = (this.#shown[reader] ?? 0) + 1; token <= n; token += 1)
      this.delaysMs.push(now - (this.#saidAt[token] ?? Number.NaN));
    this.#shown[reader] = Math.max(n, this.#shown[reader] ?? 0);
  }
}

async function play(
  { dialect, port, pid }: Parameters<Scenario>[0],
  way: Way,
  { readers, tokens, perSecond }: Readonly<Record<"readers" | "tokens" | "perSecond", number>>,
): Promise<Readonly<Record<"bytes" | "frames" | "cpu" | "p50" | "p99", number>>> {
  const room = newRoom();
  const saidAt: number[] = [];
  const crowd = new Readers(saidAt);
  await crowd.join(dialect, port, room, readers);
  const { promise: opened, resolve } = Promise.withResolvers<number>();
  const { path, protocols = [] } = await dialect.connect(room, "producer", "?history=0&presence=off");
  let paceMs = 0;
  const onFrame = (frame: Buffer) => {
    const text = frame.toString();
    if (text.includes('"code":')) throw new Error(`it was refused: ${text.slice(0, 300)}`);
    const seq = /"type":"ok","id":"open","seq":(\d+)/.exec(text)?.[1];
    if (seq !== undefined) resolve(Number(seq));
    paceMs = Number(/"paceMs":(\d+)/.exec(text)?.[1] ?? paceMs);
  };
  const producer = await RawSocket.open({ port, path, protocols }, { onFrame, onClose: () => {} });
  const say = (command: object | undefined) => command && producer.send(JSON.stringify(command));
  await pause(500);
  const cpu = cpuSeconds(pid);
  say(way.open("open"));
  const seq = await opened;
  const startedAt = performance.now();
  let [text, token, n, sentAt] = ["", "", 0, Number.NEGATIVE_INFINITY];
  for (let spoken = 1; spoken <= tokens; spoken += 1) {
    const speakAt = startedAt + (spoken * 1_000) / perSecond;
    // What was gathered goes out when the room would deliver it.
    if (token !== "" && sentAt + paceMs < speakAt) {
      await pause(Math.max(0, sentAt + paceMs - performance.now()));
      send(spoken - 1);
    }
    await pause(Math.max(0, speakAt - performance.now()));
    const word = WORDS[spoken % WORDS.length] ?? "";
    text += word;
    token += word;
    saidAt[spoken] = performance.now();
    if (!way.gathers || performance.now() - sentAt >= paceMs) send(spoken);
  }
  if (token !== "") send(tokens);
  function send(spoken: number): void {
    n += 1;
    say(way.say({ seq, n, token, text, tokens: spoken }));
    token = "";
    sentAt = performance.now();
  }
  const giveUpAt = performance.now() + SHOWN_WITHIN_MS;
  while (!crowd.haveAll(tokens) && performance.now() < giveUpAt) await pause(5);
  if (!crowd.haveAll(tokens)) throw new Error("not all tokens were shown");
  say(way.end(seq));
  await pause(300);
  const used = cpuSeconds(pid) - cpu;
  producer.destroy();
  crowd.close();
  const { delaysMs, bytes, frames } = crowd;
  return {
    bytes: bytes / readers,
    frames: frames / readers,
    cpu: used,
    p50: percentile(delaysMs, 0.5),
    p99: percentile(delaysMs, 0.99),
  };
}

export const streams: Scenario = async (subject, params) => {
  const load = {
    readers: param(params, "readers"),
    tokens: param(params, "tokens"),
    perSecond: param(params, "perSecond"),
  };
  // The code is warm for both.
  for (const way of [STREAM, EDITS]) await play(subject, way, { ...load, tokens: load.perSecond });
  const ours = await play(subject, STREAM, load);
  const naive = await play(subject, EDITS, load);
  return {
    "KB a reader": ours.bytes / 1e3,
    "naive KB a reader": naive.bytes / 1e3,
    "× fewer bytes": naive.bytes / ours.bytes,
    "frames a reader": ours.frames,
    "naive frames a reader": naive.frames,
    "CPU s": ours.cpu,
    "naive CPU s": naive.cpu,
    "× less CPU": naive.cpu / ours.cpu,
    "p50 ms": ours.p50,
    "p99 ms": ours.p99,
    "naive p50 ms": naive.p50,
    "naive p99 ms": naive.p99,
  } satisfies Figures;
};
