#!/usr/bin/env bash
# Run: the next run of `*/30 * * * *` by cron-parser and croner, in zones whose clocks are put forward by an hour
# (Berlin), by half an hour (Lord Howe) and by two hours (Troll), from half an hour before the change, three times.
# One would expect: a run each 30 minutes of real time: the clock jumps from one half hour to another, so no run is
# lost.
# What happens: in Lord Howe cron-parser leaves out the first run after the change, at 02:30 local time; Berlin and
# Troll are right. croner has all.
# Why it matters: a job that keeps a window open (a rate, a token, a heartbeat) has a gap of an hour once a year, in one
# place of the world.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" cron-parser@5.10.6 croner@11.0.1

cat > "$dir/run.mjs" <<'JS'
import { CronExpressionParser } from "cron-parser";
import { Cron } from "croner";

const pattern = "*/30 * * * *";
const zones = {
  "Europe/Berlin": "2026-03-29T00:30",
  "Australia/Lord_Howe": "2026-10-03T15:00",
  "Antarctica/Troll": "2026-03-29T00:30",
};
for (const [tz, time] of Object.entries(zones)) {
  const from = new Date(`${time}:00Z`);
  const parser = CronExpressionParser.parse(pattern, { currentDate: from, tz });
  const runs = {
    "cron-parser": [1, 2, 3].map(() => parser.next().toDate()),
    croner: new Cron(pattern, { timezone: tz, paused: true }).nextRuns(3, from),
  };
  for (const [name, dates] of Object.entries(runs)) {
    console.log(`${tz}, ${name}: after ${dates.map((date) => (date - from) / 60_000).join(", ")} minutes`);
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: cron-parser@5.10.6 croner@11.0.1, node $(node --version)"
echo "expected: after 30, 60, 90 minutes in each line"
echo "seen: $seen"
recorded='Europe/Berlin, cron-parser: after 30, 60, 90 minutes
Europe/Berlin, croner: after 30, 60, 90 minutes
Australia/Lord_Howe, cron-parser: after 60, 90, 120 minutes
Australia/Lord_Howe, croner: after 30, 60, 90 minutes
Antarctica/Troll, cron-parser: after 30, 60, 90 minutes
Antarctica/Troll, croner: after 30, 60, 90 minutes'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
