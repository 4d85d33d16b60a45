// A bill as text.

import { type Bill, type BillLine, DAYS_A_MONTH, type Usage } from "./cost-model.ts";
import type { CostOptions } from "./cost-options.ts";
import { INCOMING_FRAMES_A_REQUEST, type Meter, PLAN_USD_A_MONTH, PRICES_AS_OF } from "./prices.ts";
import type { Workload } from "./workload.ts";

const NAMES: Readonly<Record<Meter, string>> = {
  workerRequests: "requests to the Worker",
  workerCpuMs: "its CPU, ms",
  objectRequests: "requests to objects",
  objectGbSeconds: "objects at work, GB-s",
  rowsRead: "rows read",
  rowsWritten: "rows written",
  storedGb: "stored, GB",
};
const WIDTHS = [24, 13, 15, 13, 13] as const;

export function reportOf(
  { workload, usdPerMillionDeliveries }: CostOptions,
  usage: Usage,
  bill: Bill,
): string {
  const { incomingFrames, activeSeconds, graceSeconds, rowsWrittenOnce, deliveries } = usage;
  return [
    ...headOf(workload),
    "",
    row(`${DAYS_A_MONTH} days`, "used", "included", "list price", "to pay"),
    ...bill.lines.map(lineOf),
    row("Workers Paid plan", "", "", "", usd(PLAN_USD_A_MONTH)),
    row("a month", "", "", usd(bill.usageUsd), usd(bill.billUsd)),
    "",
    `The bill is ${usd(bill.billUsd)}, or ${usd(bill.usageUsd + PLAN_USD_A_MONTH)} if the rest of the account uses up what is included.`,
    `Prices of ${PRICES_AS_OF}.`,
    `A service that charges for each delivery counts ${count(deliveries)} (messages, signals, joins, leaves,`,
    `notifications): ${usd(bill.deliveriesUsd)} at ${usd(usdPerMillionDeliveries)} a million, an assumption: give the price you were offered.`,
    "",
    ...(workload.webhookMs > 0
      ? [
          `With webhooks of all events, each answered in ${workload.webhookMs} ms: each alone, a guess on the high side.`,
        ]
      : []),
    `Requests to objects: with ${count(incomingFrames)} incoming frames, ${INCOMING_FRAMES_A_REQUEST} a request. Objects are at work ${count(activeSeconds)} s`,
    `for events (${workload.activeMs} ms each, an assumption) and ${count(graceSeconds)} s for the grace of closed tabs; asleep they cost`,
    `nothing. Rows: as the tests count them, and ${count(rowsWrittenOnce)} once, when everything is opened for the first time. Without logs.`,
  ].join("\n");
}

function headOf(workload: Workload): string[] {
  const { rooms, members, connectionsPerMember, hoursConnectedPerDay, joinsPerMemberPerDay } = workload;
  const { messagesPerDay, messageBytes, signalsPerMessage, readsPerMemberPerDay, notificationsPerDay } =
    workload;
  const { watchers, watchSeconds } = workload;
  return [
    `${count(rooms)} rooms, ${count(members)} members connected in each for ${hoursConnectedPerDay} h a day,`,
    `connections of each: ${connectionsPerMember}, joins a day: ${joinsPerMemberPerDay}; a day in each room ${count(messagesPerDay)}`,
    `messages of ${count(messageBytes)} bytes, signals with each: ${signalsPerMessage}; a day each user reads on ${count(readsPerMemberPerDay)} times`,
    `and gets ${count(notificationsPerDay)} notifications`,
    ...(watchers > 0
      ? [`${count(watchers)} watch each room without a connection, with a call every ${watchSeconds} s each`]
      : []),
  ];
}

const lineOf = ({ meter, amount, included, usageUsd, beyondUsd }: BillLine): string =>
  row(NAMES[meter], count(amount), count(included), usd(usageUsd), usd(beyondUsd));

const row = (name: string, ...cells: readonly string[]): string =>
  [name.padEnd(WIDTHS[0]), ...cells.map((cell, at) => cell.padStart(WIDTHS[at + 1] ?? 0))].join("").trimEnd();

/** A small number keeps two significant digits. */
const count = (amount: number): string =>
  amount !== 0 && amount < 10 && !Number.isInteger(amount)
    ? amount.toPrecision(2)
    : Math.round(amount).toLocaleString("en-US");

const usd = (amount: number): string =>
  `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
