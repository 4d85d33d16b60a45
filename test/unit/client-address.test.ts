import { describe, expect, it } from "vitest";
import { addressKey } from "../../src/http/client-address.ts";

describe("the key of a client's address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:C000:0207", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    [undefined, "unknown"],
    ["", "unknown"],
    ["not:an:address", "not:an:address"],
  ])("[M27] of %s is %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it("[M27] is the same for all of a /64, and has a limited length", () => {
    expect(addressKey("2001:db8:a:b:ffff::1")).toBe(addressKey("2001:db8:a:b:0:1:2:3"));
    expect(addressKey("2001:db8:a:b::1")).not.toBe(addressKey("2001:db8:a:c::1"));
    expect(addressKey("x".repeat(1_000))).toHaveLength(64);
  });
});
