// Whose allowance a caller without a token uses: that of an address, or of the network that one customer is given.

const V6_GROUPS = 8;
/** A customer is given 2^64 addresses of IPv6, as a rule: the first four groups tell them from others. */
const V6_NETWORK_GROUPS = 4;
const MAX_LENGTH = 64;

/**
 * The address of a client as one key: IPv4 as it is, IPv6 cut to its /64. What is no address counts as it stands, cut to
 * 64 characters; all whose address is not known (local development) share one key.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined || address === "") return "unknown";
  const groups = groupsOf(address);
  if (groups === undefined) return address.slice(0, MAX_LENGTH).toLowerCase();
  const v4 = embeddedV4(groups);
  return v4 ?? `${groups.slice(0, V6_NETWORK_GROUPS).join(":")}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros; `undefined`: it is none. */
function groupsOf(address: string): string[] | undefined {
  if (!address.includes(":")) return undefined;
  // The URL parser knows every spelling: zone ids and what is no address it refuses.
  if (!URL.canParse(`http://[${address}]/`)) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : V6_GROUPS - before.length - after.length;
  return [...before, ...Array<string>(zeros).fill("0"), ...after];
}

/** `::ffff:a.b.c.d` is a client of IPv4: all of them would else share the network `::/64`. */
function embeddedV4(groups: readonly string[]): string | undefined {
  const [high = "0", low = "0"] = groups.slice(-2);
  if (groups.slice(0, 5).some((group) => group !== "0") || groups[5] !== "ffff") return undefined;
  const bits = Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join(".");
}
