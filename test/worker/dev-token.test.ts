// Tokens for any name, on a developer's own machine. `CF-Connecting-IP` is the address of the peer.

import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { callAs, callWith, errorOf, uniqueName } from "./support/worker.ts";

const HERE = "127.0.0.1";

function ask(settings: object, url: string, headers: Record<string, string> = { "CF-Connecting-IP": HERE }) {
  return callWith({ ...settings }, `http://${url}`, { headers });
}

const path = (query = "user=ada&name=Ada") => `/dev/token?${query}`;

describe("a dev token", () => {
  it("[H9] exists only if DEV_TOKENS is on and the host is this machine", async () => {
    expect((await ask({ DEV_TOKENS: "off" }, `localhost:8787${path()}`)).status).toBe(404);
    expect((await ask({ DEV_TOKENS: undefined }, `localhost${path()}`)).status).toBe(404);
    const on = { DEV_TOKENS: "on" };
    for (const host of ["rooms.example", "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.2"])
      expect((await ask(on, host + path())).status, host).toBe(404);
    for (const host of ["localhost:8787", "127.0.0.1:8787", "[::1]:8787"]) {
      const { token } = await (await ask(on, host + path())).json<{ token: string }>();
      const response = await callAs(token, "GET", `/v1/rooms/${uniqueName("dev")}`);
      expect(response.status, host).toBe(200);
    }
    expect((await ask(on, `localhost${path("user=a%0Ab")}`)).status).toBe(400);
    expect((await ask(on, `localhost${path("")}`)).status).toBe(400);
  });

  it("[H9] names the user as asked, or else by the id", async () => {
    const nameFor = async (query: string) => {
      const response = await ask({ DEV_TOKENS: "on" }, `localhost${path(query)}`);
      return decodeJwt((await response.json<{ token: string }>()).token).name;
    };
    expect(await nameFor("user=ada&name=Ada%20L.")).toBe("Ada L.");
    expect(await nameFor("user=ada")).toBe("ada");
    expect(await nameFor("user=ada&name=")).toBe("ada");
  });

  it("[H9] is announced by /health exactly where it is made", async () => {
    const asked: [object, string, Record<string, string>][] = [
      [{ DEV_TOKENS: "on" }, "localhost:8787", { "CF-Connecting-IP": HERE }],
      [{ DEV_TOKENS: "on", BASE_PATH: "/chat" }, "localhost:8787/chat", { "CF-Connecting-IP": HERE }],
      [{ DEV_TOKENS: "share" }, "192.168.1.5:8787", { "CF-Connecting-IP": "192.168.1.7" }],
      [{ DEV_TOKENS: "on" }, "localhost:8787", { "CF-Connecting-IP": "192.168.1.7" }],
      [{ DEV_TOKENS: "on" }, "rooms.example", { "CF-Connecting-IP": HERE }],
      [{ DEV_TOKENS: "on" }, "localhost:8787", { "CF-Connecting-IP": HERE, Origin: "https://a.example" }],
      [{ DEV_TOKENS: "off" }, "localhost:8787", { "CF-Connecting-IP": HERE }],
      [{}, "localhost:8787", { "CF-Connecting-IP": HERE }],
    ];
    const made = [];
    for (const [settings, address, headers] of asked) {
      const health = await ask(settings, `${address}/health`, headers);
      const isMade = (await ask(settings, address + path(), headers)).status === 200;
      expect(await health.json(), address).toEqual({ ok: true, ...(isMade && { devTokens: true }) });
      made.push(isMade);
    }
    expect(made).toEqual([true, true, true, false, false, false, false, false]);
  });

  it("[H9] grants write, or the requested permission", async () => {
    const on = { DEV_TOKENS: "on" };
    const roomsOf = async (query: string) => {
      const { token } = await (await ask(on, `localhost${path(`user=ada${query}`)}`)).json<{
        token: string;
      }>();
      return (decodeJwt(token) as { rooms?: unknown }).rooms;
    };
    expect(await roomsOf("")).toEqual({ "*": "write" });
    for (const permission of ["read", "write", "moderate"])
      expect(await roomsOf(`&permission=${permission}`)).toEqual({ "*": permission });
    for (const wrong of ["none", "admin", "", "Moderate"]) {
      const response = await ask(on, `localhost${path(`user=ada&permission=${wrong}`)}`);
      expect(response.status, wrong).toBe(400);
      expect((await errorOf(response)).path).toEqual(["permission"]);
    }
  });

  const statusFor = async (DEV_TOKENS: string, headers: Record<string, string>) =>
    (await ask({ DEV_TOKENS }, `localhost:8787${path()}`, headers)).status;

  const ELSEWHERE = ["192.168.1.7", "10.0.0.2", "::ffff:172.16.0.1", "fd12:3456::1", "fe80::1"];
  const PUBLIC = ["9.9.9.9", "172.32.0.1", "192.169.0.1", "2001:db8::1", "11.0.0.1"];
  const NONSENSE = [
    "",
    "localhost",
    "127.0.0.1, 9.9.9.9",
    "127.0.0.1.nip.io",
    "x127.0.0.1",
    "::11",
    "10.evil",
  ];

  it("[H32] is given only to peers of this machine, whatever the host header says", async () => {
    for (const ip of ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"])
      expect(await statusFor("on", { "CF-Connecting-IP": ip }), ip).toBe(200);
    for (const ip of [...ELSEWHERE, ...PUBLIC, ...NONSENSE])
      expect(await statusFor("on", { "CF-Connecting-IP": ip }), ip).toBe(404);
    expect(await statusFor("on", {})).toBe(404);
  });

  it("[H32] is not given through a proxy on this machine", async () => {
    for (const name of ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"])
      expect(await statusFor("on", { "CF-Connecting-IP": HERE, [name]: HERE }), name).toBe(404);
  });

  it("[H33] is given with DEV_TOKENS = share to peers of a private network too, and to no one else", async () => {
    for (const ip of [HERE, "::1", ...ELSEWHERE])
      expect(await statusFor("share", { "CF-Connecting-IP": ip }), ip).toBe(200);
    for (const ip of [...PUBLIC, ...NONSENSE])
      expect(await statusFor("share", { "CF-Connecting-IP": ip }), ip).toBe(404);
    expect((await ask({ DEV_TOKENS: "share" }, `192.168.1.5:8787${path()}`)).status).toBe(200);
  });

  it("[H33] is given with DEV_TOKENS = share by no name of the internet that points at this machine", async () => {
    const share = { DEV_TOKENS: "share" };
    for (const host of ["rooms.example", "127.0.0.1.nip.io", "local.example.com", "192.168.1.5.evil.example"])
      expect((await ask(share, host + path())).status, host).toBe(404);
    for (const host of ["localhost", "192.168.1.5", "[fd12:3456::1]", "desktop", "my-mac.local"])
      expect((await ask(share, `${host}:8787${path()}`)).status, host).toBe(200);
  });

  const fromPage = (origin: string, settings: object = {}, method = "GET") =>
    callWith(
      { DEV_TOKENS: "on", ALLOWED_ORIGINS: "http://localhost:*,https://app.example.com", ...settings },
      `http://localhost:8787${path()}`,
      {
        method,
        headers: { "CF-Connecting-IP": HERE, Origin: origin, "Access-Control-Request-Method": "GET" },
      },
    );

  it("[A57] is given to pages of this machine whose origin is allowed", async () => {
    for (const origin of ["http://localhost:5173", "http://localhost", "http://localhost:8787"]) {
      const response = await fromPage(origin);
      expect([response.status, response.headers.get("Access-Control-Allow-Origin")]).toEqual([200, origin]);
      expect(response.headers.get("Cache-Control")).toContain("no-store");
    }
    const preflight = await fromPage("http://localhost:5173", {}, "OPTIONS");
    expect([preflight.status, preflight.headers.get("Access-Control-Allow-Methods")]).toEqual([204, "GET"]);
  });

  it("[A57] is given to no other page", async () => {
    const readable = (response: Response) => response.headers.get("Access-Control-Allow-Origin");
    const elsewhere = ["https://app.example.com", "https://localhost.example.com", "null", ""];
    for (const origin of elsewhere) {
      const response = await fromPage(origin);
      expect([response.status, readable(response)], origin).toEqual([404, null]);
    }
    const notAllowed = await fromPage("http://localhost:5173", { ALLOWED_ORIGINS: "" });
    expect([notAllowed.status, readable(notAllowed)]).toEqual([403, null]);
    const off = await fromPage("http://localhost:5173", { DEV_TOKENS: "off" });
    expect([off.status, readable(off)]).toEqual([404, null]);
  });
});
