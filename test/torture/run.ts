// `npm run torture` kills workerd again and again under real clients, and checks that nothing is lost, doubled or skipped.
// `--seed N` chooses what is done, `--kills N` and `--minutes M` bound it. It ends with a line of counts; with code 1, and
// the history of the round in a file, if something was wrong. Then come answers that stream: in the rules with everything at
// every token, and on the server, which is killed at `--answer-kills N` tokens of 2,000 within as many minutes again.
// `--only answers` plays nothing else. With `--relays` all sockets are at relays. The last minute is for the registry, which
// may be wrong for as long.

import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Anomaly } from "./anomaly.ts";
import { checkRegistry } from "./check-registry.ts";
import { History } from "./history.ts";
import { KilledServer } from "./killed-server.ts";
import { type RoundResult, runRound } from "./round.ts";
import { runAnswerRound } from "./streams/answer-round.ts";
import { everyToken } from "./streams/every-token.ts";

const KILLS_A_ROUND = 10;
const MOST_KILLS = 10_000;
const MOST_MINUTES = 240;
/** Of a round that does not end. */
const ROUND_WITHIN_MS = 240_000;
const SHOWN = 20;
const TOKENS = 2_000;
const READERS = 100;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(1 + Math.floor(Math.random() * 1_000_000)) },
    kills: { type: "string", default: "50" },
    minutes: { type: "string", default: "10" },
    "answer-kills": { type: "string", default: "20" },
    only: { type: "string" },
    relays: { type: "boolean", default: false },
  },
});

const seed = numberIn("seed", values.seed, 2 ** 31);
const kills = numberIn("kills", values.kills, MOST_KILLS);
const minutes = numberIn("minutes", values.minutes, MOST_MINUTES);
const answerKills = numberIn("answer-kills", values["answer-kills"], TOKENS);
if (values.only !== undefined && values.only !== "answers") {
  console.error("--only can be `answers`.");
  process.exit(2);
}

function numberIn(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    console.error(`--${name} must be a whole number from 1 to ${most}.`);
    process.exit(2);
  }
  return value;
}

/** A round that hangs must not leave a server running. */
async function bounded(round: Promise<RoundResult>): Promise<RoundResult> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    const error = new Error(`the round did not end within ${ROUND_WITHIN_MS} ms`);
    timer = setTimeout(() => reject(error), ROUND_WITHIN_MS);
  });
  try {
    return await Promise.race([round, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the path of the file. */
function keep(history: History, anomalies: readonly Anomaly[], roundSeed: number): string {
  const dir = join(tmpdir(), "edge-rooms-torture-histories");
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `seed-${roundSeed}.jsonl`);
  const found = anomalies.map((anomaly) => `${JSON.stringify(anomaly)}\n`);
  writeFileSync(path, `${found.join("")}${history.toLines()}\n`);
  return path;
}

function show(anomalies: readonly Anomaly[]): void {
  for (const { kind, where, what } of anomalies.slice(0, SHOWN))
    console.log(`  ${kind} in ${where}: ${what}`);
}

const total = {
  kills: 0,
  cuts: 0,
  sends: 0,
  acknowledged: 0,
  refused: 0,
  unknown: 0,
  heard: 0,
  anomalies: 0,
};
const startedAt = performance.now();
const endsAt = startedAt + minutes * 60_000;

async function playRound(server: KilledServer, roundSeed: number): Promise<void> {
  const history = new History();
  const most = Math.min(KILLS_A_ROUND, kills - total.kills);
  try {
    const { anomalies, ...tally } = await bounded(
      runRound(server, { seed: roundSeed, kills: most, endsAt, history }),
    );
    total.kills += tally.kills;
    total.cuts += tally.cuts;
    total.sends += history.count("send") + history.count("change");
    total.acknowledged += history.count("stored");
    total.refused += history.count("refused");
    total.unknown += history.count("unknown");
    total.heard += history.count("heard");
    total.anomalies += anomalies.length;
    console.log(`seed ${roundSeed}: ${tally.kills} kills, ${anomalies.length} anomalies`);
    if (anomalies.length === 0) return;
    show(anomalies);
    console.log(`  history: ${keep(history, anomalies, roundSeed)}`);
  } catch (error) {
    console.error(`seed ${roundSeed} failed; history: ${keep(history, [], roundSeed)}`);
    throw error;
  }
}

async function playAnswers(server: KilledServer): Promise<void> {
  const inRules = everyToken(seed, (line) => console.log(`an answer in the rules: ${line}`));
  show(inRules.anomalies);
  const round = await runAnswerRound(server, {
    ...{ seed, tokens: TOKENS, readers: READERS, kills: answerKills },
    endsAt: performance.now() + minutes * 60_000,
  });
  show(round.anomalies);
  total.anomalies += inRules.anomalies.length + round.anomalies.length;
  const { kills, readerCuts, producerCuts, appends } = round;
  const cuts = `${readerCuts} cuts of ${READERS} readers, ${producerCuts} of the producer`;
  console.log(
    `an answer on the server: ${kills} kills, ${cuts}, ${appends} appends, ${round.anomalies.length} anomalies`,
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

console.log(`seed ${seed}, up to ${kills} kills in ${minutes} minutes`);
const server = await KilledServer.start(values.relays);
try {
  const rounds = values.only === "answers" ? 0 : Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && total.kills < kills && performance.now() < endsAt; round++)
    await playRound(server, seed + round);
  await playAnswers(server);
  // Rounds leave rooms and users behind who are all gone.
  const unlisted = await checkRegistry(server);
  total.anomalies += unlisted.length;
  show(unlisted);
} finally {
  await server.close();
}
const { anomalies, sends, acknowledged, refused, unknown, heard, cuts } = total;
const seconds = Math.round((performance.now() - startedAt) / 1_000);
const outcomes = `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown`;
console.log(
  `${total.kills} kills, ${cuts} cuts, ${sends} sends, ${outcomes}, ${heard} heard, ${anomalies} anomalies in ${seconds} s`,
);
process.exit(anomalies === 0 ? 0 : 1);
