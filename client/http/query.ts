/** `?name=value…` of the fields that are given, or nothing. Lists are joined by commas. */
export function query(
  fields: Readonly<Record<string, string | number | readonly string[] | null | undefined>>,
): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
