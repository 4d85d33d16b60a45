// docs/logs.md: the catalogue of log lines as a page.

import { LOG_CATALOGUE } from "../log/catalogue.ts";

const HEAD = `# The log

Each line is one object of JSON with \`level\` and \`event\`. This page is made from \`src/log/catalogue.ts\` by
\`npm run docs\`. A line never has a token, a key, an address or the \`data\` of a message.

- \`wrangler tail\` shows the lines as they come. It filters by a text in the line:

\`\`\`sh
npx wrangler tail --env= --format json --search '"event":"refused"'           # every refusal
npx wrangler tail --env= --format json --search '"code":"rate_limited"'       # one code, also of closes
npx wrangler tail --env= --format json --search '"room":"lobby"'              # one room
npx wrangler tail --env= --format json --search '"user":"ada"'                # one user
npx wrangler tail --env= --format json --search '"connection":"c_'            # what connections did
npx wrangler tail --env= --format json --search '"event":"closed_by_server"'  # closes by the server
npx wrangler tail --env= --format json --search '"event":"moderated"'         # moderation
npx wrangler tail --env= --format json --search '"level":"error"'             # what failed here
\`\`\`

- Workers Logs, in the dashboard, keeps them and reads the JSON: filter by \`event\`, \`code\`, \`room\`, \`user\`.
- **Refusals**, and closes by the server, are written at most once a second for each code and reason in an isolate, as
  anybody can cause them; \`leftOut\` says how many lines that took since the last one.
- **Connections**: \`connection_opened\` and \`connection_closed\` are written for a part of them, \`LOG_SAMPLE\`; the
  lines of one connection come together, and \`sample\` says which part it is. 0.1 unless set, so if you connect once
  to a deployment, you most likely see no line; \`npm run dev\` writes them all. A line costs $0.60 a million, so at
  1 the two lines of a connection cost more than twice as much as its requests. Up to 10 million connections a month fit
  into what the paid plan includes: set 1 there. Errors, refusals and moderation are never sampled.
- **Commands** are written if \`LOG_EVENTS\` names their event.
- The log lines of Cloudflare itself, one for each call of an object, are off in \`wrangler.toml\`
  (\`invocation_logs = false\`): each frame that a client sends would be a line, which costs 80 times as much as the
  frame. \`head_sampling_rate\` would drop errors too: set \`LOG_SAMPLE\` in its place.
`;

interface Entry {
  readonly level: string;
  readonly from: string | readonly string[];
  readonly means: string;
  readonly action: string;
  readonly fields: readonly string[];
  readonly optional?: readonly string[];
}

/** The page as it stands in `docs/`. */
export function logPage(): string {
  const entries: [string, Entry][] = Object.entries(LOG_CATALOGUE);
  return `${HEAD}\n## Events\n\n${entries.map(section).join("\n")}`;
}

function section([event, { level, from, means, action, fields, optional = [] }]: [string, Entry]): string {
  const where =
    typeof from === "string" ? from : `a call of another object: ${from.join(", ")} (field \`operation\`)`;
  const names = [...fields, ...optional.map((name) => `${name}?`)].map((name) => `\`${name}\``).join(", ");
  return `### ${event}\n\n${wrapped(`\`${level}\`, from ${where}. ${means}`)}\n\n${wrapped(`**Do:** ${action}`)}\n${
    names === "" ? "" : `\n${wrapped(`Fields: ${names}.`)}\n`
  }`;
}

const WIDTH = 120;

function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}
