// What may happen to an answer while it is written: each function plays one answer to its end.

import { StreamWorld, type StreamWorldOptions } from "./stream-world.ts";

/** What went wrong, if anything did. */
export interface Played {
  readonly faults: readonly unknown[];
  readonly rows: number;
  /** Rows that may be written: 5, and one for each crash, sleep, pause and takeover. */
  readonly mayWrite: number;
  readonly kills: number;
  readonly cuts: number;
}

const ROWS = 5;

function end(world: StreamWorld): Played {
  world.finish();
  const { crashes, hibernations, pauses, takeovers, cuts } = world.tally;
  return {
    faults: world.faults,
    rows: world.rows(),
    mayWrite: ROWS + crashes + hibernations + takeovers + pauses,
    kills: crashes + hibernations,
    cuts,
  };
}

const worldAt = (options: StreamWorldOptions, tokens: number): StreamWorld => {
  const world = new StreamWorld(options);
  for (let n = 0; n < tokens; n += 1) world.token();
  return world;
};

/** The object dies once, after token `at`. */
export function killedAt(options: StreamWorldOptions, at: number): Played {
  const world = worldAt(options, at);
  world.restart("crash");
  return end(world);
}

/** The object falls asleep in a pause after token `at`, as long as one takes. */
export function asleepAt(options: StreamWorldOptions, at: number): Played {
  const world = worldAt(options, at);
  sleep(world);
  return end(world);
}

/** An object sleeps when nothing has happened for 10 s, and nothing is due. */
export function sleep(world: StreamWorld): void {
  world.tally.pauses += 1;
  for (let seconds = 0; seconds < 12 || world.room.dueAt !== null; seconds += 1) {
    if (seconds > 120) throw new Error("it never sleeps");
    world.step(1_000);
  }
  world.restart("hibernate");
  world.step(1_000);
}

/** The same happens after each token, or after one of `every`, from token `from` on. */
export function atEvery(
  options: StreamWorldOptions,
  happens: (world: StreamWorld) => void,
  { from = 1, every = 1 }: { readonly from?: number; readonly every?: number } = {},
): Played {
  const world = new StreamWorld(options);
  if (from === 0) happens(world);
  while (world.producer.made < options.tokens) {
    world.token();
    if (world.producer.made % every === from % every) happens(world);
  }
  return end(world);
}

const LONG_AWAY_MS = 8_000;

/** Any of it, at any time. `divides`: producers also take over, and go on otherwise. */
export function anything(options: StreamWorldOptions, divides = false): Played {
  return atEvery(options, (world) => {
    const roll = world.random();
    if (roll < 0.02) {
      world.restart("crash");
      if (divides) world.takeOver(Math.floor(world.random() * 1_000_000));
    } else if (roll < 0.03) sleep(world);
    else if (roll < 0.06) world.cutProducer();
    else if (roll < 0.3) {
      const one = world.readers[Math.floor(world.random() * world.readers.length)];
      // Some are away while much happens.
      if (one?.seat.isConnected) world.cut(one, world.random() < 0.1 ? LONG_AWAY_MS : undefined);
    } else if (roll < 0.31) {
      world.tally.pauses += 1;
      world.step(Math.floor(world.random() * 4_000));
    }
  });
}
