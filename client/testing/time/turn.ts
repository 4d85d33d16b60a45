// One turn of the event loop. JavaScript runs every promise that can go on before the next turn begins, so after one
// turn all that is left waits for a timer, for the platform, or for the test.

/** Node keeps a program running for a port, unless it is told not to. */
interface PortOfNode {
  ref?(): void;
  unref?(): void;
}

type Port = Pick<MessagePort, "onmessage"> & PortOfNode;

let waiting: (() => void)[] = [];

function runAll(): void {
  const run = waiting;
  waiting = [];
  for (const fn of run) fn();
}

/** Fake timers of Vitest and Jest replace timers, but not the channel. */
const post = typeof MessageChannel === "undefined" ? withTimer() : withChannel(new MessageChannel());

function withTimer(): () => void {
  // Taken now: a test may replace it later.
  const { setTimeout } = globalThis;
  return () => {
    setTimeout(runAll, 0);
  };
}

function withChannel({ port1, port2 }: MessageChannel): () => void {
  const port: Port = port1;
  port.onmessage = () => {
    port.unref?.();
    runAll();
  };
  port.unref?.();
  return () => {
    port.ref?.();
    port2.postMessage(undefined);
  };
}

/** Calls `fn` in the next turn. */
export function nextTurn(fn: () => void): void {
  if (waiting.length === 0) post();
  waiting.push(fn);
}

/** Resolves in the next turn. */
export const turn = (): Promise<void> => new Promise(nextTurn);
