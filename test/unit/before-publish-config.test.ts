import { describe, expect, it } from "vitest";
import { readBeforePublish, withoutAnswer } from "../../src/config/before-publish-config.ts";
import { SettingsReader } from "../../src/config/settings-reader.ts";

const SECRET = "s".repeat(32);
const URL = "https://app.example.com/judge";

function read(settings: Record<string, unknown>) {
  const reader = new SettingsReader({ BEFORE_PUBLISH_URL: URL, WEBHOOK_SECRET: SECRET, ...settings });
  const config = readBeforePublish(reader);
  return reader.problems.length > 0 ? reader.problems : config;
}

describe("the settings of the question before publish", () => {
  it("[Z123] ask about every message, fail closed and wait a second, unless they say otherwise", () => {
    expect(read({})).toEqual({
      url: URL,
      secret: SECRET,
      topics: new Map([["*", "closed"]]),
      timeoutMs: 1_000,
    });
    expect(read({ BEFORE_PUBLISH_URL: "", WEBHOOK_SECRET: "" })).toBeUndefined();
  });

  it("[Z123] name topics, each open or closed, also with a colon in the topic", () => {
    const topics = { BEFORE_PUBLISH_TOPICS: " chat:closed, support:vip : open,*:open ," };
    expect(read({ ...topics, BEFORE_PUBLISH_TIMEOUT_MS: 250 })).toMatchObject({
      topics: new Map([
        ["chat", "closed"],
        ["support:vip", "open"],
        ["*", "open"],
      ]),
      timeoutMs: 250,
    });
  });

  it.each([
    ["http://app.example.com/judge", "BEFORE_PUBLISH_URL must be an https URL"],
    ["app.example.com", "BEFORE_PUBLISH_URL must be an https URL"],
  ])("[Z123] refuse the URL %s", (url, problem) => {
    expect(read({ BEFORE_PUBLISH_URL: url })).toEqual([problem]);
  });

  it("[Z123] take http on the developer's own machine", () => {
    expect(read({ BEFORE_PUBLISH_URL: "http://localhost:3000/judge" })).toMatchObject({ timeoutMs: 1_000 });
  });

  const problems: (readonly [settings: Record<string, unknown>, problem: string])[] = [
    [{ WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET is required with BEFORE_PUBLISH_URL"],
    [
      { BEFORE_PUBLISH_URL: "", BEFORE_PUBLISH_TOPICS: "chat:open" },
      "BEFORE_PUBLISH_URL is required with BEFORE_PUBLISH_TOPICS",
    ],
    [{ BEFORE_PUBLISH_TIMEOUT_MS: 99 }, "BEFORE_PUBLISH_TIMEOUT_MS must be a number from 100 to 5000"],
    [{ BEFORE_PUBLISH_TIMEOUT_MS: 5_001 }, "BEFORE_PUBLISH_TIMEOUT_MS must be a number from 100 to 5000"],
    [{ BEFORE_PUBLISH_TOPICS: "chat:open,chat:closed" }, "BEFORE_PUBLISH_TOPICS names a topic twice"],
    ...["chat", "chat:maybe", ":open", "a b:open", "chat.*:open", "closed"].map(
      (topics) =>
        [
          { BEFORE_PUBLISH_TOPICS: topics },
          "BEFORE_PUBLISH_TOPICS must be a comma-separated list of entries such as chat:closed or *:open",
        ] as const,
    ),
  ];

  it.each(problems)("[Z123] report %o", (settings, problem) => {
    expect(read(settings)).toEqual([problem]);
  });
});

describe("the topic of a message", () => {
  const topics = new Map([
    ["chat", "closed"],
    ["chat.cats", "open"],
    ["game:move", "open"],
  ] as const);

  it.each([
    ["chat", "closed"],
    ["chat.dogs", "closed"],
    ["chat.cats", "open"],
    ["chat.cats.tom", "open"],
    ["chat.catsup", "closed"],
    ["chatter", undefined],
    ["game", undefined],
    ["game:move", "open"],
  ])("[Z124] of %s is the most specific one", (event, expected) => {
    expect(withoutAnswer(topics, event)).toBe(expected);
    expect(withoutAnswer(new Map([["*", "open"] as const, ...topics]), event)).toBe(expected ?? "open");
  });
});
