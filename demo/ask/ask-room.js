// "Ask the room": the question is an ordinary message, and this page streams the toy model's answer to it.

import { chatOf, isDeleted, isOpen, isToys, TOY } from "../messages/message-content.js";
import { answerOf, spoken } from "./toy-model.js";

/** @import { Answer, RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { Facts } from "./toy-model.js" */

/**
 * Answers a question once it is stored, also while its asker looks at another room of this page. Rejects if the answer
 * could not be written; of a question that was not stored the list shows the failure.
 *
 * @param {Pick<RoomScreen, "room" | "sessionEnded">} screen
 * @param {string} question
 * @param {Promise<{ seq: number }>} stored
 */
export async function askRoom({ room, sessionEnded }, question, stored) {
  const facts = factsOf(room.name, room.getSnapshot());
  const replyTo = await stored.then(
    ({ seq }) => seq,
    () => undefined,
  );
  if (replyTo === undefined || sessionEnded.aborted) return;
  const seed = Math.floor(Math.random() * 2 ** 32);
  const answer = await room.stream({ text: "", metadata: { by: TOY } }, { replyTo });
  try {
    await write(answer, answerOf(question, facts, seed), { seed, sessionEnded, self: room.user?.id });
  } catch (error) {
    // The room ends it by itself if this does not arrive either.
    answer.finish("failed").catch(() => {});
    throw error;
  }
}

/**
 * @param {Answer} answer
 * @param {string} text
 * @param {{ seed: number, sessionEnded: AbortSignal, self: string | undefined }} by
 */
async function write(answer, text, { seed, sessionEnded, self }) {
  const { stopSignal } = answer;
  /** @type {Promise<unknown> | undefined} */
  let stopped;
  const stop = () => {
    const stoppedBy = stopSignal.aborted ? stopSignal.reason : self;
    stopped ??= answer.finish("cancelled", { text: answer.text, metadata: { by: TOY, stoppedBy } });
  };
  const either = AbortSignal.any([stopSignal, sessionEnded]);
  // At once: when the session has ended, nothing more is sent.
  either.addEventListener("abort", stop);
  if (either.aborted) stop();
  for await (const piece of spoken(text, { seed, now: () => performance.now(), sleep })) {
    if (stopped) break;
    answer.append(piece);
  }
  return stopped ?? answer.finish();
}

/** What the model is told of the room. @param {string} room @param {RoomSnapshot} snapshot @returns {Facts} */
function factsOf(room, { messages, members, user }) {
  const said = messages.findLast(
    (message) => !message.pending && !isDeleted(message) && !isOpen(message) && !isToys(message),
  );
  const who = said?.from === null ? "The server" : (said?.from?.name ?? said?.from?.id ?? "");
  const text = chatOf(said?.data).text;
  return {
    room,
    asker: user?.name ?? user?.id ?? "you",
    people: members.map(({ id, name = id }) => name),
    last: text === "" ? undefined : { who, text },
  };
}

/** @param {number} ms @returns {Promise<void>} */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
