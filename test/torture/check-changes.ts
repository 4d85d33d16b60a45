// Edits, deletions, reactions and marks: in the end a message is as the last acknowledged change made it, or as one made it
// whose outcome nobody knows.

import type { Anomaly, AnomalyKind } from "./anomaly.ts";
import type { Item } from "./history.ts";
import type { ChangeCall, HistoryRecord } from "./history-record.ts";

const MARKS = ["unseen", "seen", "read", "archived"];

export function checkChanges({ changes, logs, sends }: HistoryRecord): readonly Anomaly[] {
  const found: Anomaly[] = [];
  for (const call of changes)
    if (call.outcome.is === "waiting")
      found.push({
        kind: "unanswered",
        where: call.log,
        what: `${call.change.type} ${call.op} of ${call.target}`,
      });
  for (const { name, items } of logs.values()) {
    const first = new Map(
      sends.flatMap(({ log, text, outcome }) =>
        log === name && outcome.is === "stored" ? [[outcome.seq, text]] : [],
      ),
    );
    for (const item of items) {
      const add = (kind: AnomalyKind, what: string) =>
        found.push({ kind, where: name, what: `${item.seq}: ${what}` });
      const calls = changes.filter(({ log, target }) => log === name && target === item.seq);
      checkText(item, calls, first.get(item.seq), add);
      checkReactions(item, calls, add);
      checkMark(item, calls, add);
    }
  }
  return found;
}

type Add = (kind: AnomalyKind, what: string) => void;

const mayHold = ({ outcome }: ChangeCall) => outcome.is !== "refused";
const holds = ({ outcome }: ChangeCall) => outcome.is === "stored";

function checkText({ text }: Item, calls: readonly ChangeCall[], sent: string | undefined, add: Add): void {
  const deletions = calls.filter(({ change }) => change.type === "delete");
  if (text === null) {
    if (!deletions.some(mayHold)) add("phantom", "it is deleted, and nobody deleted it");
    return;
  }
  if (deletions.some(holds)) add("lost write", "its deletion was acknowledged");
  const edits = calls.flatMap(({ change, outcome }) =>
    change.type === "edit" ? [{ text: change.text, outcome }] : [],
  );
  let last = { seq: 0, text: sent };
  for (const { text, outcome } of edits)
    if (outcome.is === "stored" && outcome.seq > last.seq) last = { seq: outcome.seq, text };
  const edit = edits.find((made) => made.text === text);
  if (text === last.text || edit?.outcome.is === "unknown" || edit?.outcome.is === "waiting") return;
  if (edit?.outcome.is === "refused") add("phantom", `${text} was refused (${edit.outcome.code})`);
  // Which text was sent is not known where the send has no answer.
  else if (last.text !== undefined) add("lost write", `it says ${text} in place of ${last.text}`);
}

function checkReactions({ text, reactions }: Item, calls: readonly ChangeCall[], add: Add): void {
  if (text === null) return;
  const named = new Set([
    ...reactions,
    ...calls.flatMap(({ change }) => ("reaction" in change ? [change.reaction] : [])),
  ]);
  for (const reaction of named) {
    const own = calls.filter(({ change }) => "reaction" in change && change.reaction === reaction);
    const [added, removed] = ["react", "unreact"].map((type) =>
      own.filter(({ change }) => change.type === type),
    );
    const isThere = reactions.includes(reaction);
    if (isThere && !added?.some(mayHold)) add("phantom", `nobody reacted ${reaction}`);
    // Only one that was answered before the other was called surely comes before it.
    const stays = (those: readonly ChangeCall[] = [], others: readonly ChangeCall[] = []) =>
      those.some(
        (call) => holds(call) && others.every((other) => !mayHold(other) || other.answeredAt < call.calledAt),
      );
    // One of unknown outcome has ended by its answer, but a frame of it may be on its way.
    const isSure = own.every(({ outcome }) => outcome.is === "stored" || outcome.is === "refused");
    if (isSure && !isThere && stays(added, removed)) add("lost write", `${reaction} was acknowledged`);
    if (isSure && isThere && stays(removed, added))
      add("lost write", `the end of ${reaction} was acknowledged`);
  }
}

function checkMark({ mark }: Item, calls: readonly ChangeCall[], add: Add): void {
  if (mark === undefined) return;
  for (const { change, outcome } of calls)
    if (change.type === "mark" && outcome.is === "stored" && MARKS.indexOf(mark) < MARKS.indexOf(change.mark))
      add("lost write", `it was marked ${change.mark}, and is ${mark}`);
}
