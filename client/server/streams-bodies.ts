/** Where `fetch` cannot send a stream, it sends a text about it, with a `Content-Type` of its own. */
export function streamsBodies(): boolean {
  try {
    const init = { method: "POST", body: new ReadableStream(), duplex: "half" };
    return !new Request("https://example.com", init).headers.has("Content-Type");
  } catch {
    return false;
  }
}
