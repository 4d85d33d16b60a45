// The options of `npm run cost`: names, defaults, bounds, and what each one means.

import { parseArgs } from "node:util";
import { ASSUMED_USD_PER_MILLION_DELIVERIES } from "./prices.ts";
import type { Workload } from "./workload.ts";

export interface CostOptions {
  readonly workload: Workload;
  readonly usdPerMillionDeliveries: number;
}

interface Option {
  readonly byDefault: number;
  readonly min?: number;
  readonly max?: number;
  readonly whole?: true;
  readonly help: string;
}

const OPTIONS = {
  rooms: { byDefault: 100, whole: true, help: "rooms in use" },
  members: { byDefault: 50, whole: true, help: "members connected at once, in each room" },
  "connections-per-member": { byDefault: 1, min: 1, help: "devices or tabs of a member" },
  "hours-connected-per-day": { byDefault: 8, max: 24, help: "how long a member is there" },
  "joins-per-member-per-day": { byDefault: 4, help: "how often a member comes and goes" },
  "messages-per-day": { byDefault: 200, help: "in each room" },
  "message-bytes": { byDefault: 200, max: 1_000_000, help: "of data, in each message" },
  "expiring-percent": { byDefault: 0, max: 100, help: "of messages, with expiresInSeconds" },
  "aged-percent": { byDefault: 0, max: 100, help: "of messages, that HISTORY_SECONDS ends" },
  "scheduled-per-day": { byDefault: 0, help: "in each room, over HTTP, beside messages" },
  watchers: { byDefault: 0, help: "of each room, who have no connection" },
  "watch-seconds": {
    byDefault: 1.125,
    min: 1,
    help: "between two calls of a watcher; 5.6 where nothing happens",
  },
  "signals-per-message": { byDefault: 1, help: "typing and the like, not stored" },
  "reads-per-member-per-day": { byDefault: 20, help: "how often a member reads on" },
  "notifications-per-day": { byDefault: 5, help: "to each user, each marked as read" },
  "token-minutes": { byDefault: 60, min: 1, help: "how long a user's token lives" },
  "history-limit": { byDefault: 10_000, whole: true, help: "HISTORY_LIMIT, taken as reached" },
  "webhook-ms": { byDefault: 0, max: 10_000, help: "your back end's answer to a webhook; 0: none are sent" },
  "active-ms": { byDefault: 10, help: "work of an object for one event (assumption)" },
  "judge-ms": { byDefault: 0, max: 5_000, help: "of your back end for a message; 0: it is not asked" },
  "usd-per-million-deliveries": {
    byDefault: ASSUMED_USD_PER_MILLION_DELIVERIES,
    help: "of a service that charges for each (assumption)",
  },
} as const satisfies Readonly<Record<string, Option>>;

type Name = keyof typeof OPTIONS;

const isName = (name: string): name is Name => Object.hasOwn(OPTIONS, name);

/** What the command line asks for, or what is wrong with it. */
export type ParsedOptions =
  | { readonly kind: "options"; readonly options: CostOptions }
  | { readonly kind: "help" }
  | { readonly kind: "attack" }
  | { readonly kind: "crowd" }
  | { readonly kind: "wrong"; readonly message: string };

export function parseCostOptions(args: readonly string[]): ParsedOptions {
  const values = new Map<Name, number>();
  // Not strict, so that the messages are ours.
  const { tokens } = parseArgs({ args: separated(args), strict: false, tokens: true, options: PARSED });
  for (const token of tokens) {
    if (token.kind === "positional") return wrong(`"${token.value}" belongs to no option`);
    if (token.kind === "option-terminator") continue;
    const { name, rawName, value } = token;
    if (name === "help" || name === "h") return { kind: "help" };
    if (name === "attack" || name === "crowd") return { kind: name };
    if (!isName(name)) return wrong(`there is no option ${rawName}`);
    const number = value === undefined || value.trim() === "" ? Number.NaN : Number(value);
    const complaint = complaintAbout(OPTIONS[name], number);
    if (complaint !== undefined) return wrong(`${rawName} ${complaint}, not ${value ?? "nothing"}`);
    values.set(name, number);
  }
  return { kind: "options", options: optionsFrom((name) => values.get(name) ?? OPTIONS[name].byDefault) };
}

export function helpText(): string {
  const rows = Object.entries(OPTIONS).map(
    ([name, { byDefault, help }]) => `  --${name.padEnd(28)}${String(byDefault).padStart(6)}  ${help}`,
  );
  return [
    "What a workload costs a month on Cloudflare, from the counters that the tests measure.",
    "",
    "  npm run cost -- --rooms 100 --members 50 --messages-per-day 200",
    "",
    `  ${"option".padEnd(30)}default`,
    ...rows,
    "",
    "  npm run cost -- --attack    what one user, one address or one stolen token can cost a day",
    "  npm run cost -- --crowd     how rooms of 10,000 to 1,000,000 readers would do: latency, calls, price",
  ].join("\n");
}

const PARSED = {
  ...Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: "string" } as const])),
  help: { type: "boolean", short: "h" },
  attack: { type: "boolean" },
  crowd: { type: "boolean" },
} as const;

/** `--rooms -5` is a bad number and no option of its own. */
function separated(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-[\d.]/.test(arg) && last?.startsWith("--") && !last.includes("="))
      joined[joined.length - 1] += `=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

function complaintAbout({ min = 0, max = 1e9, whole }: Option, value: number): string | undefined {
  if (!Number.isFinite(value)) return "takes a number";
  if (value < min || value > max) return `takes ${min} to ${max}`;
  return whole && !Number.isInteger(value) ? "takes a whole number" : undefined;
}

const optionsFrom = (given: (name: Name) => number): CostOptions => ({
  workload: {
    rooms: given("rooms"),
    members: given("members"),
    connectionsPerMember: given("connections-per-member"),
    hoursConnectedPerDay: given("hours-connected-per-day"),
    joinsPerMemberPerDay: given("joins-per-member-per-day"),
    messagesPerDay: given("messages-per-day"),
    messageBytes: given("message-bytes"),
    expiringPercent: given("expiring-percent"),
    agedPercent: given("aged-percent"),
    scheduledPerDay: given("scheduled-per-day"),
    watchers: given("watchers"),
    watchSeconds: given("watch-seconds"),
    signalsPerMessage: given("signals-per-message"),
    readsPerMemberPerDay: given("reads-per-member-per-day"),
    notificationsPerDay: given("notifications-per-day"),
    tokenMinutes: given("token-minutes"),
    historyLimit: given("history-limit"),
    webhookMs: given("webhook-ms"),
    activeMs: given("active-ms"),
    judgeMs: given("judge-ms"),
  },
  usdPerMillionDeliveries: given("usd-per-million-deliveries"),
});

const wrong = (message: string): ParsedOptions => ({ kind: "wrong", message });
