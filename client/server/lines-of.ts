/** The lines of what a reader gives, blank ones too. `heard` is called for each piece of it. */
export async function* linesOf(
  read: () => Promise<string | Uint8Array | undefined>,
  heard: () => void = () => {},
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let begun = "";
  for (;;) {
    const piece = await read();
    if (piece === undefined) break;
    heard();
    const text = typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const [first = "", ...more] = text.split("\n");
    begun += first;
    for (const line of more) {
      yield begun;
      begun = line;
    }
  }
  if (begun !== "") yield begun;
}
