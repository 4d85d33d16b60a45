// What src/protocol/HTTP.md says of each route that no schema says: what it does, who may call it, how it is answered. Tests
// hold that page against the Worker, so the OpenAPI document takes it from there.

export interface ReferenceSection {
  /** The chapter that it stands in. */
  readonly chapter: string;
  /** The beginning of its first sentence: what the call does. */
  readonly summary: string;
  /** The paragraphs about what it does, in Markdown. */
  readonly description: string;
  readonly access: Access;
  readonly statuses: readonly number[];
  /** Beside those of every call: what they mean here, by code. */
  readonly errors: Readonly<Record<string, string>>;
  /** Whether the body may be left out. */
  readonly isBodyOptional: boolean;
}

/** Who may call: server code with an API key, users with their token, readers without anything. */
export type Access = readonly ("apiKey" | "userToken" | "nobody")[];

export interface HttpReference {
  /** Of a route such as `GET /v1/rooms`. */
  section(route: string): ReferenceSection;
  /** In their order. */
  readonly chapters: readonly string[];
  /** What a chapter is about. */
  about(chapter: string): string;
  /** When a code is answered, by code. */
  readonly codes: Readonly<Record<string, string>>;
}

export function readHttpReference(page: string): HttpReference {
  const sections = page.split(/^## /m).flatMap((chapter) => {
    const [title = "", ...rest] = chapter.split("\n");
    const parts = rest.join("\n").split(/^### `([A-Z]+ \/[^`]*)`$/m);
    return parts.flatMap((route, at) => (at % 2 === 1 ? [{ route, title, text: parts[at + 1] ?? "" }] : []));
  });
  const codes = Array.from(
    page.matchAll(/^\| `([a-z_]+)` \| \d{3} \| [^|]* \| (.*) \|$/gm),
    ([, code = "", when]) => [code, when],
  );
  return {
    section(route) {
      const found = sections.find((section) => section.route === route);
      if (found === undefined)
        throw new Error(`src/protocol/HTTP.md has no section "### \`${route}\`": each route has one`);
      return readSection(route, found.title, found.text);
    },
    chapters: Array.from(page.matchAll(/^## (.+)$/gm), ([, title = ""]) => title),
    about(chapter) {
      const [, text = ""] = page.split(`\n## ${chapter}\n\n`);
      return (text.split("\n\n")[0] ?? "").replace(/\n/g, " ");
    },
    codes: Object.fromEntries(codes),
  };
}

/** Begins what the schemas say, or a table, an example, the errors. */
const OF_FORM = /^(?:Body\b|Answers?\b|Parameters:|Errors:|Each further line|\||```|\(echo|\{)/;

function readSection(route: string, chapter: string, markdown: string): ReferenceSection {
  const text = markdown.replace(/```[\s\S]*?```/g, "").trim();
  // Rows of a table and entries of a list keep their lines.
  const paragraphs = text
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replace(/\s*\n\s*(?!\s*(?:\||- ))/g, " ").trim());
  const [first = ""] = paragraphs;
  const [, summary] = /^(.+?)(?:[.:;](?= |$)|$)/.exec(withoutForm(first)) ?? [];
  if (summary === undefined)
    throw new Error(
      `HTTP.md: the section of ${route} must begin with a sentence that says what the call does`,
    );
  const said = paragraphs.map(withoutForm).filter((paragraph) => paragraph !== "");
  return {
    chapter,
    summary: plain(summary),
    description: plain(said.join("\n\n")),
    access: accessOf(route, chapter, paragraphs.filter((paragraph) => !paragraph.startsWith("|")).join(" ")),
    statuses: statusesOf(text.replace(/\s+/g, " ")),
    errors: errorsIn(paragraphs),
    isBodyOptional: /Body, which may be left out|Body: one line, or none/.test(text),
  };
}

/** Also of a paragraph that goes on with it. */
const withoutForm = (paragraph: string): string =>
  OF_FORM.test(paragraph) ? "" : paragraph.replace(/ (?:Body|Answer|Parameters|Errors)\b:?[ ,][\s\S]*$/, "");

/** Links are of the page: their text stays. */
const plain = (markdown: string): string => markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1");

function accessOf(route: string, chapter: string, text: string): Access {
  if (/Takes an API key/.test(text)) return ["apiKey"];
  const isRead = /[Tt]akes (?:a user's token with )?`read`/.test(text);
  const refusesKey = /(?:an|An) API key is `forbidden`/.test(text);
  if (/Takes nothing/.test(text)) return ["nobody"];
  if (/[Tt]akes a user's token/.test(text) || chapter === "The user who calls") return ["userToken"];
  if (isRead && refusesKey) return ["userToken", "nobody"];
  if (isRead)
    return /`read` and a bearer/.test(text) ? ["apiKey", "userToken"] : ["apiKey", "userToken", "nobody"];
  if (/Takes `(?:write|moderate)`/.test(text)) return ["apiKey", "userToken"];
  throw new Error(
    `HTTP.md: the section of ${route} must say what it takes: "Takes an API key.", "Takes \`read\`.", "Takes nothing." …`,
  );
}

function statusesOf(text: string): readonly number[] {
  const [, status] = /Answer, with status (\d{3})/.exec(text) ?? [];
  if (status === undefined) return [200];
  return /With status 200 and `duplicate\?`/.test(text) ? [200, Number(status)] : [Number(status)];
}

/** `code` (404): what it means; of the last one to the end of the paragraph. */
function errorsIn(paragraphs: readonly string[]): Readonly<Record<string, string>> {
  const found = paragraphs.flatMap((paragraph) =>
    Array.from(
      paragraph.matchAll(/`([a-z_]+)` \(\d{3}\)(?:, as above|: ((?:(?! `[a-z_]+` \(\d{3}\))[\s\S])*))?/g),
      ([, code = "", meaning = ""]) => [code, plain(meaning.trim().replace(/\.$/, ""))] as const,
    ),
  );
  return Object.fromEntries(found.toReversed());
}
