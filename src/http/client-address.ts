// Whose allowance a caller without a token uses: that of an IPv4 address, or of an IPv6 network.

/**
 * The calls of an address that name a connection may be as many as those of this many users. Each share is a key of its
 * own, as the binding has one limit for all keys.
 */
export const READING_SHARES = 4;

const V6_GROUPS = 8;
/** As a rule one customer has a /64 of IPv6: the first four groups. */
const V6_NETWORK_GROUPS = 4;
const MAX_LENGTH = 64;

/**
 * The address of a client as a key: IPv4 as it is, IPv6 cut to its /64. Text that is no address is taken as it stands,
 * cut to 64 characters. Clients without an address (local development) share one key.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined || address === "") return "unknown";
  const groups = groupsOf(address);
  if (groups === undefined) return address.slice(0, MAX_LENGTH).toLowerCase();
  const v4 = embeddedV4(groups);
  return v4 ?? `${groups.slice(0, V6_NETWORK_GROUPS).join(":")}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros; `undefined`: it is no IPv6 address. */
function groupsOf(address: string): string[] | undefined {
  if (!address.includes(":")) return undefined;
  // The URL parser reads every spelling of an address, and refuses zone ids.
  if (!URL.canParse(`http://[${address}]/`)) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : V6_GROUPS - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill("0"), ...after];
}

/** The IPv4 address in `::ffff:a.b.c.d`: as IPv6, all of them would share the network `::/64`. */
function embeddedV4(groups: readonly string[]): string | undefined {
  const [high = "0", low = "0"] = groups.slice(-2);
  if (groups.slice(0, 5).some((group) => group !== "0") || groups[5] !== "ffff") return undefined;
  const bits = Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join(".");
}
