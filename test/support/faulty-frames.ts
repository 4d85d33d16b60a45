// Frames of a faulty or hostile client. None of them may change anything.

/** `anonymous` adds frames that are right from a user only. */
export function faultyFrames(anonymous: boolean): unknown[] {
  const send = (more: object) => ({ type: "send", id: "x", data: 1, ...more });
  const wrong: unknown[] = [
    "no JSON",
    "[]",
    "null",
    { type: "batch", commands: [] },
    { type: "batch", commands: Array.from({ length: 101 }, () => send({})) },
    { type: "batch", commands: [1, { type: "send" }] },
    { type: "fly", id: "x" },
    { type: "__proto__", id: "x" },
    { type: "send", id: "x" },
    { type: "send", data: 1 },
    send({ id: "" }),
    send({ event: "no spaces" }),
    send({ event: "secret" }),
    send({ replyTo: 1_000_000 }),
    send({ replyTo: 0 }),
    send({ retryOf: "elsewhere.1" }),
    send({ mentions: ["a\nb"] }),
    { type: "presence", id: "x", status: "asleep" },
    { type: "presence", id: "x", data: "x".repeat(2_000) },
    { type: "topics", id: "x", topics: ["no spaces"] },
    { type: "history", id: "x", before: 1, after: 1 },
    { type: "signal", id: "x", event: "secret" },
  ];
  const forbidden = [send({}), { type: "presence", id: "x", status: "busy" }, { type: "signal", event: "a" }];
  // 20 bad frames in a row would close the connection.
  const frames = wrong.flatMap((frame, at) => (at % 7 === 6 ? [frame, { type: "ping", id: "p" }] : [frame]));
  return anonymous ? [...frames, ...forbidden] : frames;
}
