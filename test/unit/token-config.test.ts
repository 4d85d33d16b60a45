import { describe, expect, it } from "vitest";
import { readApiKeys } from "../../src/config/api-keys.ts";
import { SettingsReader } from "../../src/config/settings-reader.ts";
import { readToken } from "../../src/config/token-config.ts";

const key = (letter: string) => letter.repeat(32);

/** The parsed settings, or their problems. */
function read(settings: Record<string, unknown>) {
  const reader = new SettingsReader({ JWT_SECRET: key("s"), ...settings });
  const config = { apiKeys: readApiKeys(reader), token: readToken(reader) };
  return reader.problems.length > 0 ? reader.problems : config;
}

function configOf(settings: Record<string, unknown>) {
  const config = read(settings);
  if (!("token" in config) || config.token === undefined) throw new Error(JSON.stringify(config));
  return { ...config, token: config.token };
}

describe("API keys", () => {
  const keysOf = (text: string) => configOf({ API_KEYS: text }).apiKeys;

  it("[A23] may be several, each with a name or without", () => {
    expect(keysOf(`${key("a")}, ci=${key("b")},ci=${key("c")}`)).toEqual([
      { key: key("a") },
      { name: "ci", key: key("b") },
      { name: "ci", key: key("c") },
    ]);
  });

  it("[A23] may be base64, with padding", () => {
    const padded = [`${"A".repeat(43)}=`, `${"A".repeat(42)}==`];
    for (const text of padded) {
      expect(keysOf(text)).toEqual([{ key: text }]);
      expect(keysOf(`back-end.eu:1=${text}`)).toEqual([{ name: "back-end.eu:1", key: text }]);
    }
  });

  it.each([
    `ci=${"k".repeat(31)}`,
    `=${key("k")}`,
    `a b=${key("k")}`,
    `${"n".repeat(65)}=${key("k")}`,
    "k==",
  ])("[A23][A9] %s is reported as wrong", (text) => {
    expect(read({ API_KEYS: text })).toMatchObject([expect.stringMatching(/^API_KEYS must be .*name=key/)]);
  });
});

describe("secrets, issuers and audiences", () => {
  it("[A23] secrets are separated by commas or line breaks", () => {
    const { key: tokenKey } = configOf({
      JWT_SECRET: `${key("a")},${key("b")}\r\n ${key("c")} \n`,
    }).token;
    expect(tokenKey).toEqual({ kind: "secret", secrets: [key("a"), key("b"), key("c")] });
    expect(read({ JWT_SECRET: `${key("a")},short` })).toMatchObject([expect.stringContaining("JWT_SECRET")]);
  });

  it("[A24] are lists; * alone accepts any audience, and a value that would mean nothing is refused", () => {
    const lists = { JWT_ISSUER: "https://a.example/, b", JWT_AUDIENCE: "one,two" };
    expect(configOf(lists).token).toMatchObject({
      issuers: ["https://a.example/", "b"],
      audiences: ["one", "two"],
      audienceClaim: "aud",
    });
    expect(configOf({ JWT_AUDIENCE: "*" }).token.audiences).toEqual([]);
    const wrong: Record<string, string>[] = [
      { JWT_ISSUER: "*" },
      { JWT_ISSUER: "https://*.example.com" },
      { JWT_AUDIENCE: "one,*" },
      { JWT_AUDIENCE: "on*" },
      { JWT_AUDIENCE_CLAIM: "client_id" },
      { JWT_AUDIENCE_CLAIM: "client_id", JWT_AUDIENCE: "*" },
    ];
    for (const settings of wrong)
      expect(read(settings)).toMatchObject([expect.stringContaining(String(Object.keys(settings)[0]))]);
    expect(configOf({ JWT_AUDIENCE_CLAIM: "azp", JWT_AUDIENCE: "web" }).token.audienceClaim).toBe("azp");
  });
});
