// Which addresses a server of the deployer may have that this one sends to. What runs beside the objects, or in the
// network around them, must not be reached by a setting that somebody else was asked to fill in.

/** Why a server may not be there, in words that follow the name of a setting; `undefined`: it may. */
export function whyNotPublic(text: string, allowsThisMachine: boolean): string | undefined {
  if (!URL.canParse(text)) return "must be an https URL";
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== "" || password !== "" || hash !== "") return "must have no user, password or fragment";
  const host = hostname.replace(/\.$/, "");
  if (allowsThisMachine && THIS_MACHINE.includes(host) && /^https?:$/.test(protocol)) return undefined;
  if (protocol !== "https:") return "must be an https URL";
  const address = addressOf(host);
  if (address !== undefined) {
    if (!isPublicAddress(address)) return "must not be an address of this machine or of a private network";
    // `new URL` reads 0x7f.1 and 2130706433 as addresses. Who means an address writes it as such.
    return text.slice("https://".length).toLowerCase().startsWith(host)
      ? undefined
      : "must spell an address as usual";
  }
  if (!host.includes(".") || PRIVATE_NAME.test(host)) return "must not be a name of a private network";
  return undefined;
}

const THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"];
const PRIVATE_NAME =
  /(^|\.)(localhost|localdomain|local|internal|lan|home\.arpa|home|intranet|corp|private|svc)$/;

type Address =
  | { readonly version: 4; readonly bytes: readonly number[] }
  | { readonly version: 6; readonly words: readonly number[] };

/** `host` is as `URL` writes it: IPv4 in decimals, IPv6 in brackets. */
function addressOf(host: string): Address | undefined {
  if (host.startsWith("[")) return { version: 6, words: wordsOf(host.slice(1, -1)) };
  const isFour = /^\d+\.\d+\.\d+\.\d+$/.test(host);
  return isFour ? { version: 4, bytes: host.split(".").map(Number) } : undefined;
}

/** The eight words of an IPv6 address. */
function wordsOf(address: string): number[] {
  const [before = "", after] = address.split("::");
  const read = (part: string) =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
  const [first, last] = [read(before), read(after ?? "")];
  const zeros = after === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array<number>(zeros).fill(0), ...last];
}

const isPublicAddress = (address: Address): boolean =>
  address.version === 4 ? isPublicFour(address.bytes) : isPublicSix(address.words);

function isPublicFour([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  // This network, private, loopback, link-local, multicast and reserved.
  if ([0, 10, 127].includes(a) || a >= 224) return false;
  if ((a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)) return false;
  // Shared by the customers of a provider; for documents and measurements.
  if (a === 100 && b >= 64 && b <= 127) return false;
  const prefix = `${a}.${b}.${c}`;
  return !(prefix === "192.0.0" || prefix === "192.0.2" || prefix === "198.51.100" || prefix === "203.0.113")
    ? !(a === 198 && (b === 18 || b === 19))
    : false;
}

/** Only what is routed: not loopback, unique local, link-local, nor an IPv4 address in another form. */
function isPublicSix([first = 0, second = 0]: readonly number[]): boolean {
  if (first < 0x2000 || first > 0x3fff) return false;
  // 6to4 and Teredo hold IPv4 addresses; the rest of 2001::/23 is for protocols, 2001:db8 and 3fff::/20 are for documents.
  if (first === 0x2002 || (first === 0x3fff && second < 0x1000)) return false;
  return !(first === 0x2001 && (second < 0x200 || second === 0xdb8));
}
