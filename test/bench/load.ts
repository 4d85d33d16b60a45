// The load, in a process of its own: `node load.ts <JSON>` prints the figures of one measurement as a line of JSON.

import { DIALECTS, type DialectName } from "./dialect.ts";
import { browserReplay } from "./scenarios/browser-replay.ts";
import { compression } from "./scenarios/compression.ts";
import { cpuOfJoins, cpuOfMessages, cpuOfWakes } from "./scenarios/cpu.ts";
import { callTimes, crowdTimes } from "./scenarios/crowd-times.ts";
import { delivery } from "./scenarios/delivery.ts";
import { fanOut } from "./scenarios/fan-out.ts";
import { flood } from "./scenarios/flood.ts";
import { held, heldInBrowser } from "./scenarios/held.ts";
import { heldCrowd } from "./scenarios/held-crowd.ts";
import { coldWake, replay } from "./scenarios/history.ts";
import { idle } from "./scenarios/idle.ts";
import { inbox } from "./scenarios/inbox.ts";
import { pacedRelayed } from "./scenarios/paced-relayed.ts";
import { quietRoom } from "./scenarios/quiet-room.ts";
import { readerFlood } from "./scenarios/reader-flood.ts";
import { relayed } from "./scenarios/relayed.ts";
import { returning } from "./scenarios/returning.ts";
import type { Params } from "./scenarios/scenario.ts";
import { slowReaders } from "./scenarios/slow-readers.ts";
import { joinStorm, resumeStorm } from "./scenarios/storms.ts";
import { streams } from "./scenarios/streams.ts";

const SCENARIOS = {
  fanOut,
  quietRoom,
  joinStorm,
  resumeStorm,
  replay,
  idle,
  inbox,
  coldWake,
  compression,
  slowReaders,
  flood,
  readerFlood,
  returning,
  relayed,
  pacedRelayed,
  held,
  heldInBrowser,
  browserReplay,
  streams,
  delivery,
  cpuOfMessages,
  cpuOfJoins,
  cpuOfWakes,
  crowdTimes,
  callTimes,
  heldCrowd,
};
export type ScenarioName = keyof typeof SCENARIOS;

export interface Order {
  readonly scenario: ScenarioName;
  readonly dialect: DialectName;
  readonly port: number;
  readonly pid: number;
  readonly params: Params;
  readonly client?: string | undefined;
}

if (import.meta.main) {
  const order: Order = JSON.parse(process.argv[2] ?? "");
  const { scenario, dialect, port, pid, params, client } = order;
  const subject = { dialect: DIALECTS[dialect], dialectName: dialect, port, pid, client };
  const figures = await SCENARIOS[scenario](subject, params);
  // The parent ends this process: with a thousand sockets just closed, an exit can hang.
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
