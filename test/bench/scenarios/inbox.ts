// (g) One call that notifies many users, each with one connected device.

import { API_KEY, tokenFor } from "../dialect.ts";
import { RawSocket } from "../raw-socket.ts";
import { param, type Scenario } from "./scenario.ts";

const NOTIFICATION = Buffer.from('"type":"notification"');

export const inbox: Scenario = async ({ port }, params) => {
  const count = param(params, "users");
  const users = Array.from({ length: count }, (_, at) => `inbox${process.pid}_${at}`);
  const all = Promise.withResolvers<void>();
  let received = 0;
  const sockets: RawSocket[] = [];
  for (const user of users) {
    const protocols = ["edge-rooms.v1", `token.${await tokenFor(user)}`];
    sockets.push(
      await RawSocket.open(
        { port, path: "/v1/connect", protocols },
        {
          onFrame(frame) {
            if (frame.includes(NOTIFICATION) && ++received === count) all.resolve();
          },
          onClose: () => {},
        },
      ),
    );
  }
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/v1/notify`, {
    method: "POST",
    headers: { Authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify({ users, title: "Build completed", message: "All tests passed" }),
  });
  if (!response.ok) throw new Error(`notify: ${response.status}`);
  await response.body?.cancel();
  const answered = performance.now() - startedAt;
  await all.promise;
  const ms = performance.now() - startedAt;
  for (const socket of sockets) socket.destroy();
  return { "answered ms": answered, "all received ms": ms, "users/s": count / (ms / 1_000) };
};
