/** An answer that holds parts which are JSON already. */
export const rawJson = (body: string, status = 200): Response =>
  new Response(body, {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
  });

/** `{"<field>":[…],…}`: a page of encoded entries among other fields. */
export function pageJson(field: string, entries: readonly string[], fields: object): Response {
  const rest = JSON.stringify(fields).slice(1);
  return rawJson(`{"${field}":[${entries.join(",")}]${rest === "}" ? "" : ","}${rest}`);
}
