// Who writes an answer for minutes.

import { describe, expect, it } from "vitest";
import type { Actor, UserIdentity } from "../../../src/access/identity.ts";
import { accept, type Permission, type Refusal, refuse } from "../../../src/protocol/index.ts";
import { LastingActor } from "../../../src/room/runtime/lasting-actor.ts";

const NOW = 1_000_000;
const MINUTE = 60_000;
const ADA: UserIdentity = { kind: "user", user: { id: "ada" }, issuedAt: NOW, expiresAt: NOW + 10 * MINUTE };
const REVOKED = refuse("token_expired", "revoked");

function world(actor: Actor) {
  const state: { now: number; judged: number; refusal: Refusal | undefined; permission: Permission } = {
    ...{ now: NOW, judged: 0, refusal: undefined, permission: "write" },
  };
  const author = new LastingActor(actor, {
    now: () => state.now,
    async judge() {
      state.judged += 1;
      return state.refusal;
    },
    authorize: async (identity) =>
      accept({ identity, permission: state.permission, permissionUntil: state.now + MINUTE }),
  });
  return { state, author };
}

describe("who writes an answer for minutes", () => {
  it("[Y50] is judged again each minute, and in the end", async () => {
    const { state, author } = world({ identity: ADA, permission: "write" });
    state.now += MINUTE - 1;
    expect([(await author.current()).ok, state.judged]).toEqual([true, 0]);
    state.now += 1;
    await author.current();
    await author.current();
    expect(state.judged).toBe(1);
    state.refusal = REVOKED;
    expect(await author.current()).toMatchObject({ ok: true });
    expect(await author.current({ anew: true })).toEqual({ ok: false, refusal: REVOKED });
  });

  it("[Y50] is refused from when the token has expired", async () => {
    const { state, author } = world({ identity: ADA, permission: "write" });
    state.now = ADA.expiresAt;
    expect(await author.current()).toMatchObject({ ok: false, refusal: { code: "token_expired" } });
  });

  it("[Y50] may what the back end lets them, as soon as what it said has lapsed", async () => {
    const { state, author } = world({ identity: ADA, permission: "write", permissionUntil: NOW + 5_000 });
    state.permission = "read";
    expect(await author.current()).toMatchObject({ value: { permission: "write" } });
    state.now += 5_000;
    expect(await author.current()).toMatchObject({ value: { permission: "read" } });
  });
});
