/** Of every answer but the page's files: it is for its caller alone, and what it says it is. */
export const PRIVATE = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

/** An answer that holds parts which are JSON already. */
export const rawJson = (body: string | ReadableStream<Uint8Array>, status = 200): Response =>
  new Response(body, {
    status,
    headers: { "Content-Type": "application/json", ...PRIVATE },
  });

/** `{"<field>":[…],…}`: a page of encoded entries among other fields. */
export function pageText(field: string, entries: readonly string[], fields: object): string {
  const rest = JSON.stringify(fields).slice(1);
  return `{"${field}":[${entries.join(",")}]${rest === "}" ? "" : ","}${rest}`;
}

export const pageJson = (field: string, entries: readonly string[], fields: object): Response =>
  rawJson(pageText(field, entries, fields));
