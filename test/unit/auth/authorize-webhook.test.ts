import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SIGNATURE_HEADER, signRequest } from "../../../src/auth/authorize-webhook.ts";

const SECRET = "a-webhook-secret-that-is-long-enough";

describe("a signed request", () => {
  it.each(["{}", "", '{"room":"日本 👍"}'])(
    "[A15] carries the time and an HMAC over it and the body %j",
    async (body) => {
      const signature = await signRequest(SECRET, body, 1_800_000_000_999);
      const expected = createHmac("sha256", SECRET).update(`1800000000.${body}`).digest("hex");
      expect([SIGNATURE_HEADER, signature]).toEqual(["Edge-Rooms-Signature", `t=1800000000,v1=${expected}`]);
    },
  );
});
