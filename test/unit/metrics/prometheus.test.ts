import { describe, expect, it } from "vitest";
import { COUNTERS, counterName, GAUGES } from "../../../src/metrics/families.ts";
import { prometheusText } from "../../../src/metrics/prometheus.ts";
import { parsePrometheus } from "../../support/prometheus-parser.ts";

const gauges = {
  ...{ rooms: 3, rooms_occupied: 2, connections: 12, members: 9, users: 8, users_online: 4, sessions: 5 },
  unconfirmed: 0,
};

describe("the text for Prometheus", () => {
  it("[O29] has each metric with help, type and samples, and a parser of the format reads the same numbers", () => {
    const counters = {
      [counterName("messages_total", "task")]: 5,
      [counterName("messages_total", "chat")]: 7,
      [counterName("deliveries_total")]: 7,
      [counterName("refused_total", "not_found")]: 1,
      unknown: 1,
    };
    const families = parsePrometheus(prometheusText(counters, gauges));
    expect([...families.keys()].sort()).toEqual(
      [...Object.keys(COUNTERS), ...Object.keys(GAUGES)].map((name) => `edge_rooms_${name}`).sort(),
    );
    expect(families.get("edge_rooms_messages_total")).toMatchObject({
      type: "counter",
      samples: [
        { labels: { event: "chat" }, value: 7 },
        { labels: { event: "task" }, value: 5 },
      ],
    });
    expect(families.get("edge_rooms_deliveries_total")?.samples).toEqual([{ labels: {}, value: 7 }]);
    expect(families.get("edge_rooms_connections")).toMatchObject({ type: "gauge", samples: [{ value: 12 }] });
  });

  it("[O29] escapes what a label may not hold", () => {
    const text = prometheusText({ 'messages_total a\\b"c\nd e': 1 }, gauges);
    expect(parsePrometheus(text).get("edge_rooms_messages_total")?.samples).toEqual([
      { labels: { event: 'a\\b"c\nd e' }, value: 1 },
    ]);
  });

  it("[O29] keeps the 100 greatest of what all objects tell apart, and adds up the others", () => {
    const counters = Object.fromEntries(
      Array.from({ length: 150 }, (_, n) => [`messages_total e${n}`, n + 1]),
    );
    const text = prometheusText({ ...counters, "messages_total other": 7 }, gauges);
    const samples = parsePrometheus(text).get("edge_rooms_messages_total")?.samples ?? [];
    expect(samples).toHaveLength(101);
    expect(samples.at(-1)).toEqual({ labels: { event: "other" }, value: 7 + (50 * 51) / 2 });
    expect(samples.reduce((all, { value }) => all + value, 0)).toBe(7 + (150 * 151) / 2);
  });
});
