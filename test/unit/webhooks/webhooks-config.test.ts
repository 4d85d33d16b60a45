import { describe, expect, it } from "vitest";
import { SettingsReader } from "../../../src/config/settings-reader.ts";
import { readWebhooks } from "../../../src/config/webhooks-config.ts";
import { WEBHOOK_EVENT_TYPES } from "../../../src/protocol/index.ts";

const SECRET = "a-webhook-secret-that-is-long-enough-for-this";
const URL_OF_TESTS = "https://hooks.example.com/edge?key=1";

function read(settings: Readonly<Record<string, string>>, isLocal = false) {
  const reader = new SettingsReader({ WEBHOOK_SECRET: SECRET, ...settings });
  return { config: readWebhooks(reader, isLocal), problems: reader.problems };
}

const problemWith = (url: string, isLocal = false) => read({ WEBHOOK_URL: url }, isLocal).problems;

describe("the settings of webhooks", () => {
  it("[Z79] are off without an address, and choose all events and topics by default", () => {
    expect(read({})).toEqual({ config: undefined, problems: [] });
    expect(read({ WEBHOOK_URL: URL_OF_TESTS })).toEqual({
      config: { url: URL_OF_TESTS, secret: SECRET, events: new Set(WEBHOOK_EVENT_TYPES), topics: null },
      problems: [],
    });
  });

  it("[Z79] choose events and topics, and refuse what they do not know", () => {
    const url = { WEBHOOK_URL: URL_OF_TESTS };
    const chosen = read({
      ...url,
      WEBHOOK_EVENTS: "member.left, room.vacated",
      WEBHOOK_TOPICS: "task,order.paid",
    });
    expect(chosen.config?.events).toEqual(new Set(["room.vacated", "member.left"]));
    expect(chosen.config?.topics).toEqual(["task", "order.paid"]);
    expect(read({ ...url, WEBHOOK_EVENTS: "message.sent" }).problems[0]).toContain(
      "WEBHOOK_EVENTS must be a",
    );
    expect(read({ ...url, WEBHOOK_TOPICS: "no topic" }).problems[0]).toContain("WEBHOOK_TOPICS must be a");
    expect(read({ ...url, WEBHOOK_SECRET: "" }).problems).toEqual([
      "WEBHOOK_SECRET is required with WEBHOOK_URL",
    ]);
    expect(read({ WEBHOOK_EVENTS: "member.left" }).problems).toEqual([
      "WEBHOOK_URL is required with WEBHOOK_EVENTS and WEBHOOK_TOPICS",
    ]);
  });

  it.each([
    "https://hooks.example.com",
    "https://hooks.example.com:8443/a",
    "https://8.8.8.8/",
    "https://100.128.0.1/",
    "https://172.32.0.1/",
    "https://[2606:4700::1111]/",
    "https://xn--bcher-kva.example/",
  ])("[Z79] take %s", (url) => {
    expect(problemWith(url)).toEqual([]);
  });

  it.each([
    ["http://hooks.example.com", "https"],
    ["ftp://hooks.example.com", "https"],
    ["hooks.example.com", "https"],
    ["https://user:pass@hooks.example.com", "user"],
    ["https://localhost/", "private network"],
    ["https://localhost./", "private network"],
    ["https://a.localhost/", "private network"],
    ["https://printer.local/", "private network"],
    ["https://api.internal/", "private network"],
    ["https://metadata.google.internal./", "private network"],
    ["https://intranet/", "private network"],
    ["https://127.0.0.1/", "this machine"],
    ["https://127.1/", "this machine"],
    ["https://0x7f.1/", "this machine"],
    ["https://0177.0.0.1/", "this machine"],
    ["https://2130706433/", "this machine"],
    ["https://0/", "this machine"],
    ["https://134744072/", "spell"],
    ["https://0x08.8.8.8/", "spell"],
    ["https://10.1.2.3/", "this machine"],
    ["https://172.16.0.1/", "this machine"],
    ["https://172.31.255.255/", "this machine"],
    ["https://192.168.1.1/", "this machine"],
    ["https://169.254.169.254/", "this machine"],
    ["https://100.64.0.1/", "this machine"],
    ["https://100.127.255.255/", "this machine"],
    ["https://198.18.0.1/", "this machine"],
    ["https://192.0.2.1/", "this machine"],
    ["https://224.0.0.1/", "this machine"],
    ["https://255.255.255.255/", "this machine"],
    ["https://[::1]/", "this machine"],
    ["https://[::]/", "this machine"],
    ["https://[fd00::1]/", "this machine"],
    ["https://[fe80::1]/", "this machine"],
    ["https://[::ffff:127.0.0.1]/", "this machine"],
    ["https://[::ffff:8.8.8.8]/", "this machine"],
    ["https://[64:ff9b::7f00:1]/", "this machine"],
    ["https://[2002:7f00:1::]/", "this machine"],
    ["https://[2001:db8::1]/", "this machine"],
    ["https://[2001:20::1]/", "this machine"],
    ["https://[3fff::1]/", "this machine"],
    ["https://hooks.default.svc/", "private network"],
  ])("[Z79] refuse %s", (url, why) => {
    const [problem] = problemWith(url);
    expect(problem).toContain("WEBHOOK_URL must");
    expect(problem).toContain(why);
    expect(problem).not.toContain(/\/\/([^/]+)/.exec(url)?.[1] ?? "nothing");
  });

  it("[Z79] take an address of this machine where the developer runs it, and no other private one", () => {
    for (const url of [
      "http://localhost:3000/hooks",
      "http://127.0.0.1:3000",
      "http://[::1]:3000",
      "https://localhost",
    ])
      expect([url, problemWith(url, true)]).toEqual([url, []]);
    expect(problemWith("http://192.168.1.1", true)).toHaveLength(1);
    expect(problemWith("http://hooks.example.com", true)).toHaveLength(1);
    expect(problemWith("http://localhost:3000/hooks")).toHaveLength(1);
  });
});
