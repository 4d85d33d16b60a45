// What the toy model of "Ask the room" answers, and how fast.

import { describe, expect, it } from "vitest";
import { answerOf, spoken, tokensOf } from "../../../demo/ask/toy-model.js";

const FACTS = {
  room: "lobby",
  asker: "Ada",
  people: ["Ada", "Bo"],
  last: { who: "Bo", text: "Lunch at\n{story} noon?" },
};
const SEEDS = Array.from({ length: 50 }, (_, at) => at * 7_919);

const isOfStory = (text: string) => tokensOf(text).length > 100;

describe("the toy model", () => {
  it.each([
    ["Who is here?", "Ada and Bo are here now."],
    ["What was said last?", "Bo said last: “Lunch at {story} noon?”."],
    ["What does Edge Rooms do?", "Cloudflare"],
    ["What are you?", "A real model"],
    ["Hello!", "Hello, Ada."],
    ["Why is the sky blue?", "who is here"],
  ])("[W90] answers “%s” from the room, and says that it is a toy", (question, part) => {
    for (const seed of SEEDS) {
      const answer = answerOf(question, FACTS, seed);
      expect(answer.toLowerCase()).toContain(question === "What are you?" ? "server" : part.toLowerCase());
      expect(answer).toMatch(/toy model/);
    }
  });

  it("[W90] tells stories in many versions, all of its templates filled in", () => {
    const stories = SEEDS.map((seed) => answerOf("Tell me a story", { ...FACTS, last: undefined }, seed));
    expect(new Set(stories).size).toBeGreaterThan(40);
    for (const story of stories) {
      expect(isOfStory(story)).toBe(true);
      expect(story).toMatch(/toy model/);
      expect(story).not.toMatch(/[{}]|undefined| {2}/);
    }
  });

  it("[W90] tells a long story where it is asked for one, in chapters that differ", () => {
    const story = answerOf("Tell me a long story", FACTS, 5);
    const chapters = story.split("\n\n").filter((text) => /^(?:One|Two|Three|Four|Five)\. /.test(text));
    expect(new Set(chapters.map((text) => text.replace(/^\w+\. /, ""))).size).toBeGreaterThan(2);
    expect(chapters).toHaveLength(5);
    expect(story.match(/toy model/g)).toHaveLength(1);
  });

  it("[W90] gives the same answer to the same question, facts and seed", () => {
    expect(answerOf("A story!", FACTS, 7)).toBe(answerOf("A story!", FACTS, 7));
  });

  it("[W90] knows a room where nobody else is and nothing was said, and quotes a long text in short", () => {
    const alone = { ...FACTS, people: ["Ada"], last: undefined };
    expect(answerOf("Who is here?", alone, 1)).toContain("Only Ada is here now.");
    expect(answerOf("What was said last?", alone, 1)).toContain("Nobody has said anything");
    const long = { ...FACTS, last: { who: "Bo", text: "👩‍🚀 ".repeat(4_000) } };
    expect(answerOf("What was said last?", long, 1).length).toBeLessThan(1_000);
  });

  it.each(["Hello, world.\n\nThis is 👩‍🚀 a supercalifragilistic day", "one", "x".repeat(100)])(
    "[W90] gives a text in tokens that join to the same text: %j",
    (text) => {
      expect(tokensOf(text).join("")).toBe(text);
    },
  );

  it("[W90] speaks 20 to 50 tokens a second, and catches up after timers that were late", async () => {
    const text = answerOf("A story", FACTS, 3);
    const tokens = tokensOf(text);
    const said = async (lateMs: number) => {
      let clock = 0;
      const sleep = async (ms: number) => {
        clock += ms + lateMs;
      };
      const pieces: string[] = [];
      for await (const piece of spoken(text, { seed: 3, now: () => clock, sleep })) pieces.push(piece);
      return { pieces, seconds: clock / 1_000 };
    };
    const inTime = await said(0);
    expect(inTime.pieces).toEqual(tokens);
    expect(tokens.length / inTime.seconds).toBeGreaterThan(20);
    expect(tokens.length / inTime.seconds).toBeLessThan(50);

    const late = await said(1_000);
    expect(late.pieces.join("")).toBe(text);
    expect(late.pieces.length).toBeLessThan(tokens.length / 10);
    expect(late.seconds).toBeLessThan(inTime.seconds + 2);
  });
});
