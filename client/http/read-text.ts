import { RoomsError } from "../util/errors.ts";

/** More than any answer of the API: a page has 1 MiB, and a thousand bans with long reasons three. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** The text of an answer. Rejects `too_large` past 8 MiB, without reading on. */
export async function readText(response: Response): Promise<string> {
  const { body } = response;
  // Without a body, and in React Native, which reads no streams.
  if (!body) return response.text();
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_ANSWER_BYTES) {
      reader.cancel().catch(() => {});
      throw new RoomsError("too_large", "The answer is larger than 8 MiB.");
    }
    text += decoder.decode(value, { stream: true });
  }
}
