import { describe, expect, it } from "vitest";
import { Counters } from "../../../src/metrics/counters.ts";
import { COUNTERS, counterName, GAUGES } from "../../../src/metrics/families.ts";
import { prometheusText } from "../../../src/metrics/prometheus.ts";
import { parsePrometheus } from "../../support/prometheus-parser.ts";

const gauges = {
  ...{ rooms: 3, rooms_occupied: 2, connections: 12, members: 9, users: 8, users_online: 4, sessions: 5 },
  unconfirmed: 0,
};

describe("the text for Prometheus", () => {
  it("[O29] has each metric with help, type and samples, and a parser of the format reads the same numbers", () => {
    const counters = new Counters();
    counters.add(counterName("messages_total", "task"), 5);
    counters.add(counterName("messages_total", "chat"), 7);
    counters.add(counterName("deliveries_total"), 3);
    counters.add(counterName("deliveries_total"), 4);
    counters.add(counterName("refused_total", "not_found"), 1);
    const families = parsePrometheus(prometheusText({ ...counters.take(), unknown: 1 }, gauges));
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
});
