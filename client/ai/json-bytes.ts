// How many bytes of UTF-8 a text takes in JSON, so that a line stays within the limit of a message.

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Of the character that begins at `from`: how many UTF-16 units it has, and bytes in JSON. */
function sizeAt(text: string, from: number): { readonly units: number; readonly bytes: number } {
  const unit = text.charCodeAt(from);
  if (isHigh(unit) && isLow(text.charCodeAt(from + 1))) return { units: 2, bytes: 4 };
  // Half of a pair, and a control character: `\ud83d`.
  if (isHigh(unit) || isLow(unit) || unit < 0x20) return { units: 1, bytes: 6 };
  if (unit < 0x80) return { units: 1, bytes: unit === 0x22 || unit === 0x5c ? 2 : 1 };
  return { units: 1, bytes: unit < 0x800 ? 2 : 3 };
}

/** The first piece of `text` from `from` that takes at most `maxBytes`. No character is cut. */
export function pieceOf(text: string, from: number, maxBytes: number): { text: string; bytes: number } {
  let end = from;
  let bytes = 0;
  while (end < text.length) {
    const size = sizeAt(text, end);
    if (bytes + size.bytes > maxBytes) break;
    bytes += size.bytes;
    end += size.units;
  }
  return { text: text.slice(from, end), bytes };
}

/** Whether the text ends within a character, whose other half comes with the next piece. */
export const endsInHalf = (text: string): boolean => isHigh(text.charCodeAt(text.length - 1));

const encoder = /* @__PURE__ */ new TextEncoder();

export const utf8Bytes = (json: string): number => encoder.encode(json).length;
