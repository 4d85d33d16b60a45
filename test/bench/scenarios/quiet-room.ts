// (b) Twenty messages per second to a crowd, as in a chat.

import { Crowd, payloadOf, percentile } from "../crowd.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

const EVERY_MS = 50;

export const quietRoom: Scenario = async ({ dialect, port }, params) => {
  const room = newRoom();
  const crowd = new Crowd(dialect, port);
  await crowd.join(room, param(params, "receivers"), "?history=0");
  const { path, protocols = [] } = await dialect.connect(room, "talker", "?history=0");
  const talker = await RawSocket.open(
    { port, path, protocols },
    {
      onFrame(frame, own) {
        const answer = dialect.respond(frame);
        if (answer !== undefined) own.send(answer);
      },
      onClose: () => {},
    },
  );
  await pause(300);
  crowd.reset();
  let said = 0;
  const timer = setInterval(() => talker.send(dialect.say(`q${said++}`, payloadOf("talker"))), EVERY_MS);
  await pause(param(params, "ms"));
  clearInterval(timer);
  await pause(200);
  const figures = {
    "p50 ms": percentile(crowd.latenciesMs, 0.5),
    "p99 ms": percentile(crowd.latenciesMs, 0.99),
  };
  talker.destroy();
  crowd.close();
  return figures;
};
