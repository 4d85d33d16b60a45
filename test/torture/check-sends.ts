// What was sent, beside what the log has and what readers heard.

import type { Anomaly, AnomalyKind } from "./anomaly.ts";
import type { HistoryRecord, Log, Send } from "./history-record.ts";

/** Where each text was seen, and what stands in each place, in one log, by anybody. */
interface Places {
  readonly seqsOf: Map<string, Set<number>>;
  readonly textsAt: Map<number, Set<string>>;
}

export function checkSends(record: HistoryRecord): readonly Anomaly[] {
  const found: Anomaly[] = [];
  const names = new Set([...record.logs.keys(), ...record.sends.map(({ log }) => log)]);
  for (const name of names) {
    const add = (kind: AnomalyKind, what: string) => found.push({ kind, where: name, what });
    const sends = record.sends.filter(({ log }) => log === name);
    const places = placesIn(record, name);
    checkPlaces(places, sends, add);
    checkAcknowledged(record.logs.get(name), places, sends, add);
    checkOrder(sends, add);
  }
  return found;
}

type Add = (kind: AnomalyKind, what: string) => void;

const edited = (changes: HistoryRecord["changes"], log: string): ReadonlySet<string> =>
  new Set(
    changes.flatMap((call) => (call.log === log && call.change.type === "edit" ? [call.change.text] : [])),
  );

function placesIn({ logs, readers, sends, changes }: HistoryRecord, name: string): Places {
  const edits = edited(changes, name);
  const seqsOf = new Map<string, Set<number>>();
  const textsAt = new Map<number, Set<string>>();
  const put = (seq: number, text: string | null | undefined) => {
    // An edit may stand in the place of what was sent first.
    if (typeof text !== "string" || edits.has(text)) return;
    seqsOf.set(text, (seqsOf.get(text) ?? new Set()).add(seq));
    textsAt.set(seq, (textsAt.get(seq) ?? new Set()).add(text));
  };
  for (const { seq, text } of logs.get(name)?.items ?? []) put(seq, text);
  for (const { log, sights, view } of readers) {
    if (log !== name) continue;
    for (const sight of sights)
      if (sight.is === "heard" || sight.is === "unechoed") put(sight.seq, sight.text);
    for (const { seq, text } of view?.items ?? []) put(seq, text);
  }
  for (const { log, text, outcome } of sends)
    if (log === name && outcome.is === "stored") put(outcome.seq, text);
  return { seqsOf, textsAt };
}

function checkPlaces({ seqsOf, textsAt }: Places, sends: readonly Send[], add: Add): void {
  const sent = new Map(sends.map((send) => [send.text, send]));
  for (const [text, seqs] of seqsOf) {
    const send = sent.get(text);
    if (send === undefined) add("phantom", `${text} was never sent`);
    if (send?.outcome.is === "refused")
      add("phantom", `${text} was refused (${send.outcome.code}), and is there`);
    if (seqs.size > 1) add("duplicate", `${text} stands at ${[...seqs].join(" and ")}`);
  }
  for (const [seq, texts] of textsAt)
    if (texts.size > 1) add("duplicate", `at ${seq} stand ${[...texts].join(" and ")}`);
}

/** What was acknowledged, or is kept by a client that came back, is in the log, unless that has passed it. */
function checkAcknowledged(log: Log | undefined, { seqsOf }: Places, sends: readonly Send[], add: Add): void {
  const there = new Set(log?.items.map(({ seq }) => seq));
  for (const { op, text, outcome, isKept } of sends) {
    if (outcome.is === "waiting") add("unanswered", `send ${op} of ${text}`);
    if (log === undefined) continue;
    if (outcome.is === "stored" && outcome.seq > log.floor && !there.has(outcome.seq))
      add("lost write", `${text} was stored at ${outcome.seq}, and is not in the log`);
    // Of a log that has passed something nobody can tell what that was.
    if (isKept && outcome.is === "unknown" && log.floor === 0 && !seqsOf.has(text))
      add("lost write", `${text} was kept, and was never stored`);
  }
}

/** What one client sent is stored in the order in which it was sent. */
function checkOrder(sends: readonly Send[], add: Add): void {
  const last = new Map<string, { readonly text: string; readonly seq: number }>();
  for (const { sender, text, outcome } of sends) {
    if (sender === undefined || outcome.is !== "stored") continue;
    const before = last.get(sender);
    if (before !== undefined && before.seq >= outcome.seq)
      add("non-monotonic", `${sender} sent ${before.text} before ${text}: ${before.seq}, ${outcome.seq}`);
    last.set(sender, { text, seq: outcome.seq });
  }
}
