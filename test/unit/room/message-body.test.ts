import { describe, expect, it } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  encodeNewMessage,
  type NewMessage,
} from "../../../src/room/log/message-body.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

/** Strings that look like the text around them. */
const NASTY = [
  ',"data":',
  '","data":"',
  '\\",\\"data\\":',
  '"}',
  '{"data":1}',
  "data",
  "\\",
  "\u2028",
  "🎉",
  "}},",
];

const plain: NewMessage = { seq: 7, id: "m", event: "chat", from: null, byServer: false, at: 1, data: "1" };

const parsed = (message: NewMessage): unknown => {
  const { data, byServer, replyTo, mentions, ...rest } = message;
  return {
    type: "message",
    ...rest,
    ...(byServer && rest.from !== null && { byServer }),
    ...(replyTo !== undefined && { replyTo }),
    ...(mentions !== undefined && mentions.length > 0 && { mentions }),
    data: JSON.parse(data),
  };
};

describe("a stored message", () => {
  const messages: NewMessage[] = [
    plain,
    { ...plain, byServer: true },
    { ...plain, byServer: true, from: { id: "usr_1" } },
    { ...plain, replyTo: 3, mentions: [], data: "null" },
    ...NASTY.flatMap((nasty) => [
      { ...plain, id: nasty },
      { ...plain, from: { id: "usr_1", name: nasty } },
      { ...plain, mentions: [nasty, "data", nasty] },
      { ...plain, from: { id: nasty }, data: JSON.stringify({ [nasty]: nasty, data: [nasty] }) },
      {
        ...plain,
        id: nasty,
        from: { id: nasty, name: nasty },
        mentions: [nasty],
        data: JSON.stringify(nasty),
      },
    ]),
  ];

  it.each(messages)("[E1] is what was sent, and its parts are found in it: %o", (message) => {
    const body = encodeNewMessage(message);
    expect(JSON.parse(body)).toEqual(parsed(message));
    const { meta, data } = decodeMessage(body);
    expect(data).toBe(message.data);
    expect(encodeMessage(meta, data)).toBe(body);
    expect(JSON.parse(body)).toEqual({ ...meta, data: JSON.parse(data) });
  });

  it.each(NASTY)("[E1][E3] keeps everything around its data when the data changes: %s", (nasty) => {
    const body = encodeNewMessage({
      ...plain,
      id: nasty,
      from: { id: nasty, name: nasty },
      mentions: [nasty],
    });
    const { meta } = decodeMessage(body);
    const changed = {
      ...meta,
      editedAt: 5,
      reactions: { "👍": [nasty, "data"], "🎉": ["data", nasty] },
      changed: 9,
    };
    const again = decodeMessage(encodeMessage(changed, JSON.stringify({ data: nasty })));
    expect(again).toEqual({ meta: changed, data: JSON.stringify({ data: nasty }) });
  });

  it("[E1] takes no more of a name than its sender has", () => {
    const picture = "https://example.com/a.png";
    expect(JSON.parse(encodeNewMessage({ ...plain, from: { id: "usr_1", ...{ picture } } }))).toHaveProperty(
      "from",
      {
        id: "usr_1",
      },
    );
  });

  it("[E3] leaves data alone that is nested deeper than the engine encodes", () => {
    const test = new RoomForTest({ messageBytes: 1_000_000 });
    const ada = test.join("ada");
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const actor = ada.state.actor;
    test.call(actor, (turn) => test.room.publisher.publish(actor, { id: "m", data: deep }, turn));
    expect(ada.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" })).toMatchObject({ seq: 2 });
    expect(test.log.find(1)).toMatchObject({
      data: deep,
      meta: { reactions: { "👍": ["ada"] }, changed: 2 },
    });
    expect(ada.ask({ type: "delete", id: "d", seq: 1 })).toMatchObject({ seq: 3 });
    expect(test.log.find(1)).toMatchObject({ data: "null", deleted: true });
  });
});
