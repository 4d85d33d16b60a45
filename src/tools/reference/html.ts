// HTML made of text. Everything that is no markup passes `escaped`.

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** `code` and **strong** of Markdown. */
const inline = (text: string): string =>
  escaped(text)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");

/** One line of Markdown. */
export const line = (text: unknown): string => (typeof text === "string" ? inline(text) : "");

/** Paragraphs of Markdown, some of which may be lists. */
export const paragraphs = (text: unknown): string =>
  typeof text === "string"
    ? text
        .split(/\n{2,}/)
        .map((paragraph) => (paragraph.startsWith("- ") ? list(paragraph) : `<p>${inline(paragraph)}</p>`))
        .join("\n")
    : "";

function list(entries: string): string {
  const items = entries.split(/^- /m).filter((entry) => entry !== "");
  return `<ul>${items.map((entry) => `<li>${inline(entry.trim())}</li>`).join("\n")}</ul>`;
}

/** A table that can be wider than its page: then it scrolls by itself. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const cells = (name: "td" | "th", row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${name}>${cell}</${name}>`).join("")}</tr>`;
  const body = rows.map((row) => cells("td", row)).join("\n");
  return `<div class="wide" tabindex="0"><table><thead>${cells("th", head)}</thead><tbody>\n${body}\n</tbody></table></div>`;
}
