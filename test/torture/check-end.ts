// In the end each view is what the server has.

import type { Anomaly } from "./anomaly.ts";
import type { Item, Presence } from "./history.ts";
import type { HistoryRecord } from "./history-record.ts";

export const checkEnd = (record: HistoryRecord): readonly Anomaly[] => [
  ...viewsOf(record),
  ...membersOf(record),
];

function* viewsOf({ readers, logs }: HistoryRecord): Generator<Anomaly> {
  for (const { name, log: logName, view } of readers) {
    const log = logs.get(logName);
    if (view === undefined || log === undefined) continue;
    const what = differenceOf(view.items, log);
    if (what !== undefined) yield { kind: "diverged", where: name, what };
    const unread = log.items.filter(({ mark }) => mark === "unseen" || mark === "seen").length;
    if (view.unread !== undefined && view.unread !== unread)
      yield { kind: "diverged", where: name, what: `${view.unread} are unread in place of ${unread}` };
  }
}

/** How a view differs from the end of a log, if it does. It may begin later, and has the end of the log without a gap. */
export function differenceOf(
  items: readonly Item[],
  log: { readonly floor: number; readonly items: readonly Item[] },
): string | undefined {
  const shown = items.filter(({ seq }) => seq > log.floor);
  const due = log.items.slice(Math.max(0, log.items.length - shown.length));
  if (shown.length === 0 && log.items.length > 0) return "it shows nothing";
  for (const [at, item] of shown.entries()) {
    const [is, must] = [textOf(item), due[at] && textOf(due[at])];
    if (is !== must) return `it shows ${is} in place of ${must}`;
  }
  return undefined;
}

const textOf = ({ seq, text, reactions, mark }: Item) =>
  JSON.stringify([seq, text, [...reactions].sort(), mark]);

function* membersOf({ members, present }: HistoryRecord): Generator<Anomaly> {
  for (const { log, users } of present) {
    const server = members.find((list) => list.log === log && list.by === "server");
    const there = server?.members.map(({ user }) => user).sort() ?? [];
    if (there.join() !== [...users].sort().join())
      yield {
        kind: "diverged",
        where: log,
        what: `${there.join(", ")} are there in place of ${users.join(", ")}`,
      };
    for (const list of members)
      if (list.log === log && server !== undefined && presenceOf(list.members) !== presenceOf(server.members))
        yield {
          kind: "diverged",
          where: list.by,
          what: `${presenceOf(list.members)}; ${presenceOf(server.members)}`,
        };
  }
}

export const presenceOf = (members: readonly Presence[]): string =>
  members
    .map(({ user, status }) => `${user} ${status}`)
    .sort()
    .join(", ");
