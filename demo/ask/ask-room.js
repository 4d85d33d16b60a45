// "Ask the room": the question is an ordinary message, and this page streams the toy model's answer to it.

import { chatOf, isDeleted, isOpen, isToys, TOY } from "../messages/message-content.js";
import { answerOf, spoken } from "./toy-model.js";

/** @import { Answer, RoomSnapshot } from "../edge-rooms.js" */
/** @import { RoomScreen } from "../session/room-screen.js" */
/** @import { Facts } from "./toy-model.js" */

/**
 * Answers a question once it is stored, also while its asker looks at another room of this page. Rejects if the answer
 * could not be written; of a question that was not stored, and of an answer that somebody deleted, the list shows it.
 *
 * @param {Pick<RoomScreen, "room" | "sessionEnded">} screen
 * @param {string} question
 * @param {Promise<{ seq: number }>} stored
 */
export async function askRoom({ room, sessionEnded }, question, stored) {
  const replyTo = await stored.then(
    ({ seq }) => seq,
    () => undefined,
  );
  if (replyTo === undefined || sessionEnded.aborted) return;
  // Not before: a page that is not connected yet knows neither who asks nor who is here.
  const facts = factsOf(room.name, replyTo, room.getSnapshot());
  const seed = Math.floor(Math.random() * 2 ** 32);
  const answer = await room.stream({ text: "", metadata: { by: TOY } }, { replyTo });
  try {
    await write(
      answer,
      spoken(answerOf(question, facts, seed), { seed, now: () => performance.now(), sleep }),
      sessionEnded,
    );
  } catch (error) {
    if (answer.stopSignal.aborted) return;
    // The room ends it by itself if this does not arrive either.
    answer.finish("failed").catch(() => {});
    throw error;
  }
}

/**
 * @param {Answer} answer
 * @param {AsyncIterable<string>} pieces
 * @param {AbortSignal} sessionEnded the room hears no more then, and says itself that the answer was interrupted
 */
async function write(answer, pieces, sessionEnded) {
  const { stopSignal } = answer;
  /** @type {Promise<unknown> | undefined} */
  let stopped;
  // At once, also where the timers of a page that is not visible are late.
  const stop = () => {
    const { text, stoppedBy } = answer;
    stopped = answer.finish("cancelled", { text, metadata: { by: TOY, stoppedBy } });
    // It is awaited below, a moment later.
    stopped.catch(() => {});
  };
  if (stopSignal.aborted) stop();
  else stopSignal.addEventListener("abort", stop);
  for await (const piece of pieces) {
    if (stopped || sessionEnded.aborted) break;
    answer.append(piece);
  }
  if (!sessionEnded.aborted) await (stopped ?? answer.finish());
}

/**
 * What the model is told of the room.
 *
 * @param {string} room
 * @param {number} question its `seq`
 * @param {RoomSnapshot} snapshot
 * @returns {Facts}
 */
function factsOf(room, question, { messages, members, user }) {
  const said = messages.findLast(
    (message) =>
      !message.pending &&
      message.seq < question &&
      !isDeleted(message) &&
      !isOpen(message) &&
      !isToys(message),
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
