// What an attack costs, as text.

import { type Attack, attackByAddress, attackByUser } from "./attack-model.ts";
import { PRICES_AS_OF } from "./prices.ts";

const COLUMNS = ["a day, at the default limits", "one user", "one address", "stolen token"] as const;

export function attackReport(): string {
  const attacks = [attackByUser(), attackByAddress(), attackByUser()];
  const row = (name: string, show: (attack: Attack) => string) => line([name, ...attacks.map(show)]);
  const count = (amount: number) => Math.round(amount).toLocaleString("en-US");
  return [
    line(COLUMNS),
    row("requests to the Worker", ({ workerRequests }) => count(workerRequests)),
    row("requests to objects, at most", ({ objectRequests }) => count(objectRequests)),
    row("rows written, at most", ({ rowsWritten }) => count(rowsWritten)),
    row("stored, GB, at most", ({ storedGb }) => storedGb.toFixed(1)),
    row("objects made, at most", ({ objectsMade }) => count(objectsMade)),
    row("list price", ({ usd }) => `$${usd.toFixed(2)}`),
    "",
    "One user's acts share one budget (USER_BUDGET_PER_DAY): each line is what it buys if all goes into that.",
    "The address is one without a token. A stolen token can do what its user can, until it expires or is revoked.",
    `A month of what is stored is in the price. Prices of ${PRICES_AS_OF}.`,
  ].join("\n");
}

const line = ([name = "", ...cells]: readonly string[]): string =>
  name.padEnd(30) + cells.map((cell) => cell.padStart(14)).join("");
