import { expect, it } from "vitest";
import { describeBoth, roomForTest } from "./support/client-for-test.ts";
import { batch, deletion, message, ok } from "./support/frames.ts";

describeBoth("an older page", () => {
  it.each(["in one frame", "in two"])(
    "[C31] is applied before what follows it on the wire, %s",
    async (way) => {
      const world = await roomForTest({}, {}, { head: 7 });
      const loaded = world.room.loadOlder();
      await world.clock.advance(0);
      const socket = world.socket();
      const page = ok(socket.sentOf("history").at(-1), {
        messages: [message(3), message(4)],
        seq: 3,
        more: true,
      });
      // No promise settles in between.
      if (way === "in two") socket.deliver(page, deletion(8, 3));
      else socket.deliver(batch(page, deletion(8, 3)));
      expect(world.room.messages).toMatchObject([{ seq: 3, data: null, changed: 8 }, { seq: 4 }]);
      expect(await loaded).toEqual({ more: true });
    },
  );
});
