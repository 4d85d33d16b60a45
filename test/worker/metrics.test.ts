import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parsePrometheus } from "../support/prometheus-parser.ts";
import { configureRoom } from "./support/objects.ts";
import { callAs, callAsServer, callWith, join, tokenFor, uniqueName, upgrade } from "./support/worker.ts";

const scrape = async () => {
  const response = await callAsServer("GET", "/v1/metrics");
  expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parsePrometheus(await response.text());
};

type Families = Awaited<ReturnType<typeof scrape>>;

const sampleOf = (families: Families, name: string, label?: string) =>
  families
    .get(`edge_rooms_${name}`)
    ?.samples.find(({ labels }) => label === undefined || Object.values(labels).includes(label))?.value ?? 0;

describe("the metrics", () => {
  it("[O29] have the counters of a room, and gauges as it is now", async () => {
    const [room, event] = [uniqueName("scraped"), uniqueName("e")];
    await configureRoom(room, { COUNTERS: "on" });
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    onTestFinished(() => random.mockRestore());
    const before = await scrape();
    const ada = await join(room, "ada");
    await configureRoom(room, { COUNTERS: "on" });
    await expect.poll(async () => sampleOf(await scrape(), "connections_opened_total")).toBeGreaterThan(0);
    const opened = await scrape();
    expect(sampleOf(opened, "connections_opened_total") - sampleOf(before, "connections_opened_total")).toBe(
      16,
    );
    expect(sampleOf(opened, "connections")).toBeGreaterThan(0);
    expect(sampleOf(opened, "rooms_occupied")).toBeGreaterThan(0);
    // An object that has just reported counts fewer flushes, each as more.
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now + 6_000);
    onTestFinished(() => clock.mockRestore());
    await ada.ask({ type: "send", id: "m", event: `${event}.done`, data: 1 });
    await expect.poll(async () => sampleOf(await scrape(), "messages_total", event)).toBeGreaterThan(0);
    expect(sampleOf(await scrape(), "messages_total", event) % 16).toBe(0);
  });

  it("[O27] write a point for what the edge refuses, and for what happens in an object", async () => {
    const points: { blobs: string[] }[] = [];
    const METRICS = { writeDataPoint: (point: { blobs: string[] }) => points.push(point) };
    const path = `/v1/rooms/${uniqueName("metered")}`;
    const headers = { Authorization: `Bearer ${await tokenFor("ada", { rooms: {} })}` };
    const settings = { METRICS };
    expect((await callWith(settings, path, { headers })).status).toBe(403);
    expect(points.map(({ blobs }) => [blobs[0], blobs[3]])).toEqual([["edge", "forbidden"]]);
  });

  it("[O31] let a call be answered if a data point is not taken, and that is logged", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    onTestFinished(() => logged.mockRestore());
    const METRICS = {
      writeDataPoint() {
        throw new Error("too many points");
      },
    };
    const path = `/v1/rooms/${uniqueName("metered")}`;
    const headers = { Authorization: `Bearer ${await tokenFor("ada", { rooms: {} })}` };
    expect((await callWith({ METRICS }, path, { headers })).status).toBe(403);
    expect(logged.mock.calls.map(([line]) => String(line))).toEqual([
      expect.stringContaining('"event":"count_failed"'),
    ]);
  });

  it("[O29] are for server code, and not there without the registry", async () => {
    expect((await callAs(await tokenFor("ada"), "GET", "/v1/metrics")).status).toBe(403);
    const headers = { Authorization: `Bearer ${env.API_KEYS}` };
    expect((await callWith({ REGISTRY: undefined }, "/v1/metrics", { headers })).status).toBe(404);
    expect((await upgrade("/v1/metrics", null)).status).toBe(101);
  });
});
