// The changelog has one section a version, the newest first. What is not released yet stands under "Unreleased".

const UNRELEASED = "## Unreleased";

export type ReleasedChangelog =
  | { readonly kind: "released"; readonly text: string }
  | { readonly kind: "wrong"; readonly message: string };

/** Gives what is unreleased the name of the version. A section of that version that is there already stays as it is. */
export function releaseChangelog(text: string, version: string, date: string): ReleasedChangelog {
  const title = `## ${version}, ${date}`;
  const isThere = linesUnder(text, `## ${version},`) > 0;
  const isUnreleased = linesUnder(text, UNRELEASED) > 0;
  if (isThere && isUnreleased)
    return wrong(`CHANGELOG.md has both "${UNRELEASED}" and a section of ${version}: join them.`);
  if (isThere) return { kind: "released", text };
  if (!isUnreleased) return wrong(`CHANGELOG.md says nothing under "${UNRELEASED}".`);
  return { kind: "released", text: text.replace(UNRELEASED, title) };
}

/** How many lines of a section say something. */
function linesUnder(text: string, title: string): number {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(title));
  if (start === -1) return 0;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith("## "));
  return rest.slice(0, end === -1 ? undefined : end).filter((line) => line.startsWith("- ")).length;
}

const wrong = (message: string): ReleasedChangelog => ({ kind: "wrong", message });
