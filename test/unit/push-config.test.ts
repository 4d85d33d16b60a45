import { describe, expect, it } from "vitest";
import { allowsEndpoint, readPush } from "../../src/config/push-config.ts";
import { SettingsReader } from "../../src/config/settings-reader.ts";
import { vapidKeys } from "../../src/tools/vapid-keys.ts";

const { publicKey, privateKey } = vapidKeys();
const VAPID = {
  VAPID_PUBLIC_KEY: publicKey,
  VAPID_PRIVATE_KEY: privateKey,
  VAPID_SUBJECT: "mailto:me@example.com",
};

function pushOf(settings: Record<string, unknown>, devTokens = false) {
  const read = new SettingsReader(settings);
  const push = readPush(read, devTokens);
  return { push, problems: read.problems.map((problem) => problem.split(" ")[0]) };
}

function hostsOf(PUSH_HOSTS: string, devTokens = false): readonly string[] {
  const { push, problems } = pushOf({ ...VAPID, PUSH_HOSTS }, devTokens);
  expect(problems).toEqual([]);
  return push?.hosts ?? [];
}

describe("the VAPID settings", () => {
  it("[U18] are all set or none, and contain matching keys", () => {
    expect(pushOf({})).toEqual({ push: undefined, problems: [] });
    expect(pushOf(VAPID)).toMatchObject({ push: { vapid: { publicKey, privateKey } }, problems: [] });
    for (const name of Object.keys(VAPID)) {
      expect(pushOf({ ...VAPID, [name]: "" }).problems).toEqual([name]);
      expect(pushOf({ ...VAPID, [name]: "nonsense" }).problems).toEqual([name]);
    }
    expect(pushOf({ ...VAPID, VAPID_PUBLIC_KEY: privateKey }).problems).toEqual(["VAPID_PUBLIC_KEY"]);
    expect(pushOf({ ...VAPID, VAPID_SUBJECT: "https://example.com/me" }).problems).toEqual([]);
    for (const subject of [
      "http://example.com",
      "mailto:developer@localhost",
      "https://localhost/me",
      "https://app.localhost",
      "mailto:me@example.",
    ]) {
      expect([subject, pushOf({ ...VAPID, VAPID_SUBJECT: subject }).problems]).toEqual([
        subject,
        ["VAPID_SUBJECT"],
      ]);
    }
  });

  it("[U18] PUSH_HOSTS accepts host names, and this machine only with dev tokens", () => {
    for (const wrong of [
      "*",
      "https://push.example.com",
      "10.0.0.1",
      "*.com",
      "push.example.com:8080",
      "[::1]",
    ]) {
      expect(pushOf({ PUSH_HOSTS: wrong }).problems, wrong).toEqual(["PUSH_HOSTS"]);
    }
    expect(pushOf({ PUSH_HOSTS: "localhost" }).problems).toEqual(["PUSH_HOSTS"]);
    expect(pushOf({ PUSH_HOSTS: "localhost" }, true).problems).toEqual([]);
  });
});

describe("the allowed targets of a push", () => {
  const services = hostsOf("");

  it("[U18] are known services, over https", () => {
    for (const endpoint of [
      "https://fcm.googleapis.com/fcm/send/abc:DEF-1_2",
      "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
      "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d",
      "https://web.push.apple.com/QKC",
      "https://api.sandbox.push.apple.com/3/device/x",
      "https://FCM.googleapis.com/x",
    ]) {
      expect([endpoint, allowsEndpoint(services, endpoint)]).toEqual([endpoint, true]);
    }
  });

  it("[U18] are nothing else, in whatever form it is written", () => {
    for (const endpoint of [
      "http://fcm.googleapis.com/x",
      "https://fcm.googleapis.com.evil.example/x",
      "https://evil-fcm.googleapis.com/x",
      "https://push.services.mozilla.com/x",
      "https://evil.example/fcm.googleapis.com",
      "https://fcm.googleapis.com@evil.example/x",
      "https://user:secret@fcm.googleapis.com/x",
      "https://fcm.googleapis.com:8443/x",
      "https://fcm.googleapis.com./x",
      "https://fcm.googleapis.com/x#y",
      "https://fcm.googleapis.com\\@evil.example/x",
      "https:\\\\evil.example/x",
      "https://127.0.0.1/x",
      "https://[::1]/x",
      "https://2130706433/x",
      "https://169.254.169.254/latest",
      "http://localhost/x",
      "https://localhost/x",
      " https://fcm.googleapis.com/x",
      "https://fcm.googleapis.com/x y",
      "https://fcm.googleapis.com/\u00e4",
      "ftp://fcm.googleapis.com/x",
      "fcm.googleapis.com",
      "",
      `https://fcm.googleapis.com/${"x".repeat(2_048)}`,
    ]) {
      expect([endpoint, allowsEndpoint(services, endpoint)]).toEqual([endpoint, false]);
    }
  });

  it("[U18] are what PUSH_HOSTS says, and nothing beside it", () => {
    const hosts = hostsOf("push.example.com, *.Push.example.org");
    const allowed = [
      "https://push.example.com/x",
      "https://a.push.example.org/x",
      "https://a.b.push.example.org/x",
      "https://push.example.org/x",
      "https://fcm.googleapis.com/x",
    ].map((endpoint) => allowsEndpoint(hosts, endpoint));
    expect(allowed).toEqual([true, true, true, false, false]);
    const local = hostsOf("localhost", true);
    expect(allowsEndpoint(local, "http://localhost:8123/push/1")).toBe(true);
    expect(allowsEndpoint(local, "http://127.0.0.1:8123/push/1")).toBe(false);
  });
});
