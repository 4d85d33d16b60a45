// (i) What permessage-deflate costs and saves if every receiver uses it.

import { payloadOf } from "../crowd.ts";
import { cpuSeconds } from "../process-stats.ts";
import { RawSocket } from "../raw-socket.ts";
import { newRoom, param, pause, type Scenario } from "./scenario.ts";

/** About 1 KB of JSON as an application sends it: names repeat, values do not. */
function document(at: number): string {
  const items = Array.from({ length: 12 }, (_, i) => {
    const id = ((at * 7_919 + i * 104_729) % 1e9).toString(36);
    return { id, title: `Task ${id}`, done: i % 3 === 0, assignee: `user_${(at + i) % 50}` };
  });
  return `${payloadOf("writer", 60).slice(0, -1)},"items":${JSON.stringify(items)}}`;
}

export const compression: Scenario = async ({ dialect, port, pid }, params) => {
  const room = newRoom();
  const receivers = param(params, "receivers");
  let bytes = 0;
  const open = async (user: string, deflate: boolean, onFrame: (frame: Buffer) => void) => {
    const { path, protocols = [] } = await dialect.connect(room, user, "?history=0&presence=off");
    return RawSocket.open({ port, path, protocols, deflate }, { onFrame, onClose: () => {} });
  };
  const count = (frame: Buffer) => {
    bytes += frame.length;
  };
  const crowd: RawSocket[] = [];
  for (let at = 0; at < receivers; at++) crowd.push(await open(`user${at}`, true, count));
  let taken = 0;
  let said = 0;
  const writer = await open("writer", false, (frame) => {
    if (!frame.includes(dialect.accepted("writer"))) return;
    taken++;
    say();
  });
  const say = () => writer.send(dialect.say(`w${said}`, document(said++)));
  for (let i = 0; i < 10; i++) say();
  await pause(800);
  bytes = 0;
  taken = 0;
  const cpu = cpuSeconds(pid);
  const startedAt = performance.now();
  await pause(param(params, "ms"));
  const seconds = (performance.now() - startedAt) / 1_000;
  const deliveries = taken * receivers;
  const figures = {
    "deliveries/s": deliveries / seconds,
    "bytes a delivery": bytes / deliveries,
    "server µs a delivery": ((cpuSeconds(pid) - cpu) * 1e6) / deliveries,
  };
  for (const socket of [...crowd, writer]) socket.destroy();
  return figures;
};
