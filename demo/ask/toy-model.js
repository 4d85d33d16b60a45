// The toy model that answers on this page: templates, a die, and a few facts about the room. It needs no key and no
// network. The same question, facts and seed give the same answer.

import { listed } from "../ui/format.js";

/**
 * What it knows. `last`: the last thing that was said before the question.
 *
 * @typedef {{ room: string, asker: string, people: readonly string[], last: { who: string, text: string } | undefined }} Facts
 */
/** A number from 0 to below 1. @typedef {() => number} Die */

const MAX_QUOTED = 160;
const MAX_NAMED = 8;
/** A longer word is cut into tokens. */
const TOKEN = /\s*\S{1,8}/gu;

/**
 * Each topic with the words that lead to it. The first one that fits counts.
 *
 * @type {readonly (readonly [topic: string, words: RegExp])[]}
 */
const TOPICS = [
  ["story", /\b(?:story|stories|tale|poem)\b/iu],
  ["people", /\b(?:who|whom|here|people|anyone|anybody|members?)\b/iu],
  ["said", /\b(?:last|latest|said|say|says|messages?|missed|happened|summary|summarise|summarize)\b/iu],
  ["product", /\b(?:edge|rooms?|product|works?|durable|cloudflare|stream(?:s|ing)?)\b/iu],
  ["self", /\b(?:you|your|toy|model|ai|bot|llm|help)\b/iu],
  ["greeting", /\b(?:hello|hi|hey|good (?:morning|evening|day))\b/iu],
];

const LONG = /\blong\b/iu;
const CHAPTERS = ["One. ", "Two. ", "Three. ", "Four. ", "Five. "];

/** `{name}` stands for one of the texts of that name, the same one in a whole text. @type {Record<string, string[]>} */
const TEMPLATES = {
  greeting: ["Hello, {asker}. {toy} {offer}"],
  self: ["{toy} {offer} {real}"],
  other: ["{unsure} {toy} {offer}"],
  people: ["{here} {toy}"],
  said: ["{quote} {toy}"],
  product: ["{does} {stream} {real} {toy}"],
  chapter: ["{opening}\n\n{arrival} “{doubt}” it asked. “{advice}” said {visitor}.\n\n{event}\n\n{ending}"],
  afterStory: ["That is all. {toy} My stories are the same few sentences in another order."],

  toy: [
    "I am a toy model: a few templates and a die, in {asker}’s page.",
    "Take it lightly: I am a toy model that runs in {asker}’s page, with templates and a die.",
    "I am only a toy model, made of templates, and I run in {asker}’s page.",
  ],
  real: [
    "A real model would run on your server and stream into this room in the same way.",
    "On your server, a real model would take my place, and the room would not notice the difference.",
  ],
  offer: [
    "Ask me who is here, what was said last or what Edge Rooms does, or ask for a story, also a long one.",
    "I can say who is here, what was said last and what Edge Rooms does, and I can tell a story.",
  ],
  unsure: [
    "I have no template for that question.",
    "That is more than I know.",
    "A real model could answer this; I cannot.",
  ],
  does: [
    "Edge Rooms runs real-time rooms on your own Cloudflare account: each room is a Durable Object that keeps its messages " +
      "in order, and each message once.",
    "Edge Rooms gives an app rooms on Cloudflare Durable Objects: messages arrive in one order, once, also after a lost line.",
  ],
  stream: [
    "This answer is one message that grows: each window is sent only what is new, and one that comes later gets the whole " +
      "text first.",
    "You see this answer grow in every window. It is one message with one number, however many pieces it comes in.",
  ],

  opening: [
    "Once there was a message that lived in the room {room}. {asker} had written it {when}, and then the line went dead.",
    "In the room {room} there was a message that nobody had read yet. {asker} had sent it {when}, just as the train went " +
      "into a tunnel.",
    "A long time ago, which in {room} means {when}, {asker} wrote a message and the laptop fell asleep on it.",
  ],
  when: ["on a rainy Sunday", "late in the evening", "before the first coffee", "a minute before lunch"],
  arrival: [
    "The message waited in the page, as it had been taught, and counted the seconds. After {number} of them {visitor} came by.",
    "It did not like to wait. It had a place in the queue, though, and next to it sat {visitor}.",
    "It was dark where it waited, and quiet. Then somebody coughed: {visitor}, who had been there all the time.",
  ],
  number: ["seven", "twelve", "thirty", "ninety-nine"],
  visitor: ["an old cursor", "a reaction in the shape of a rocket", "a heartbeat", "a very small receipt"],
  doubt: [
    "What if I arrive twice?",
    "What if I arrive after the answer to me?",
    "What if they have all gone home?",
  ],
  advice: [
    "You have an id, and the room never takes the same one twice,",
    "The room gives out numbers at the door, and nobody gets ahead of theirs,",
    "Then you will be the first thing that they read tomorrow,",
  ],
  event: [
    "At that moment the line came back. The room woke up, looked at the message, and wrote it down: one row, one number, no " +
      "more. In one window after another the words came up, and they were the same words everywhere.",
    "There was a click, and there was light. The message ran across the line, the room nodded, and before it had caught its " +
      "breath it stood in every window at once, with its own number and the right time.",
  ],
  ending: [
    "Nobody clapped. Somebody answered with a thumb, though, and the message was read by all, which is what messages want.",
    "{asker} saw the two words below it, “Seen by”, and went to make tea. The message stayed where it was, and it is still there.",
    "And if nobody has deleted it, you can scroll up and find it, between the day before and the day after.",
  ],
};

/** @param {string} question @param {Facts} facts @param {number} seed */
export function answerOf(question, facts, seed) {
  const die = dieOf(seed);
  const known = Object.entries(factTexts(facts));
  const topic = TOPICS.find(([, words]) => words.test(question))?.[0] ?? "other";
  if (topic !== "story") return filled(topic, die, known);
  const names = LONG.test(question) ? CHAPTERS : [""];
  const chapters = names.map((name) => name + filled("chapter", die, known));
  return [...chapters, filled("afterStory", die, known)].join("\n\n");
}

/**
 * A text of this name, in which the same name stands for the same text throughout.
 *
 * @param {string} name
 * @param {Die} die
 * @param {readonly [name: string, text: string][]} known put in as they are: braces in them are no templates
 */
function filled(name, die, known) {
  const chosen = new Map(known);

  /** @param {string} name @returns {string} */
  function textOf(name) {
    const before = chosen.get(name);
    if (before !== undefined) return before;
    const texts = TEMPLATES[name] ?? [];
    const template = texts[Math.floor(die() * texts.length)] ?? "";
    const text = template.replace(/\{(\w+)\}/gu, (_, inner) => textOf(inner));
    chosen.set(name, text);
    return text;
  }
  return textOf(name);
}

/** The pieces in which a model would give the text. @param {string} text */
export const tokensOf = (text) => text.match(TOKEN) ?? [];

/**
 * The text at 20 to 50 tokens a second. What a late timer has missed comes in one piece: a browser slows down the timers
 * of a page that is not visible.
 *
 * @param {string} text
 * @param {{ seed: number, now(): number, sleep(ms: number): Promise<void> }} pace in milliseconds
 */
export async function* spoken(text, { seed, now, sleep }) {
  const die = dieOf(seed);
  let dueAt = now();
  let due = "";
  for (const token of tokensOf(text)) {
    dueAt += 20 + die() * 30;
    due += token;
    const early = dueAt - now();
    if (early <= 0) continue;
    await sleep(early);
    yield due;
    due = "";
  }
  if (due !== "") yield due;
}

/** @param {Facts} facts */
function factTexts({ room, asker, people, last }) {
  const names = listed(people, MAX_NAMED);
  const here = people.length > 1 ? `${names} are here now.` : `Only ${names || asker} is here now.`;
  const quote = last && `${last.who} said last: “${shortened(last.text)}”.`;
  return { room, asker, here, quote: quote ?? "Nobody has said anything before your question." };
}

/** @param {string} text */
function shortened(text) {
  const line = Array.from(text.replace(/\s+/gu, " ").trim());
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED).join("").trimEnd()}…` : line.join("");
}

/** Mulberry32: small, and good enough to choose sentences. @param {number} seed @returns {Die} */
function dieOf(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
