import { readerOf } from "./answer-source.ts";

/**
 * A stream of the texts of an iterable, as UTF-8: for what takes streams alone, such as {@link RoomOfBinding.stream}.
 * It is read no faster than it is wanted. A failure of the iterable is one of the stream, and a stream that is cancelled
 * ends the iterable.
 *
 * @example
 * async function answer(env: { readonly ROOMS: RoomsBinding }) {
 *   const { body } = await fetch("https://models.example.com/answer", { method: "POST", body: "Why?" });
 *   if (body) await env.ROOMS.room("project_123").stream(textStream(modelText(body)));
 * }
 */
export function textStream(texts: AsyncIterable<string> | Iterable<string>): ReadableStream<Uint8Array> {
  const reader = readerOf<string>(texts);
  const source = new ReadableStream<string>(
    {
      async pull(controller) {
        const text = await reader.read();
        if (text === undefined) controller.close();
        else controller.enqueue(text);
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
  // It joins the halves of a character that two texts have between them.
  return source.pipeThrough(new TextEncoderStream());
}
