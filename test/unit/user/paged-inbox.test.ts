import { describe, expect, it } from "vitest";
import { UserForTest } from "../../support/user-for-test.ts";

function open(test: UserForTest, since: string) {
  const { socket, session } = test.open({ since });
  const page = (after: number) => {
    const command = { type: "history", id: `p${after}`, after, limit: 1_000 } as const;
    test.user.receive(session, { kind: "command", command }, test.now);
    return socket.ofType("ok").at(-1);
  };
  return { socket, page };
}

describe("a long replay of an inbox", () => {
  it("[F10] states in each page and at its end what retention has removed meanwhile", () => {
    const test = new UserForTest({ inboxLimit: 400 });
    const { user } = test;
    const notify = (id: string) => test.notify(id, "x".repeat(4_000));
    for (let n = 1; n <= 350; n++) notify(`n${n}`);
    const { socket, page } = open(test, "epoch1.0");
    const first = socket.ofType("caughtUp")[0];
    expect(first).toMatchObject({ more: true });
    expect(first).not.toHaveProperty("floor");
    // Read on another device, and then removed: no event reports either.
    user.mark({ ids: ["n1"] }, "read", test.now);
    for (let n = 351; n <= 420; n++) notify(`n${n}`);
    const last = page(Number(first?.seq));
    const { floor } = user.inbox;
    expect(floor).toBeGreaterThanOrEqual(20);
    expect(last).toMatchObject({ floor });
    expect(last).not.toHaveProperty("more");
    expect(socket.events.at(-1)).toEqual({ type: "caughtUp", seq: user.inbox.head, floor });
    expect(test.faults).toEqual([]);
  });
});
