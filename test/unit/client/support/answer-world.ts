// The whole server and clients around one answer, with a network that breaks off and a room that crashes: it forgets all
// that is not stored, as `client/testing` does not.

import { Client } from "../../../../client/core/client.ts";
import { sharedRoom } from "../../../../client/index.ts";
import type { RoomHandle } from "../../../../client/room/room-handle.ts";
import { loadAnswers } from "../../../../client/room/streams/answers.ts";
import { Network } from "../../../../client/testing/network.ts";
import { Settling } from "../../../../client/testing/time/settling.ts";
import { sqliteHere } from "../../../../client/testing/worker/sqlite-here.ts";
import { TestWorker } from "../../../../client/testing/worker/test-worker.ts";
import { isRecord } from "../../../../src/protocol/index.ts";

const KEY = "an-api-key-for-the-simulation-of-answers";
const SETTINGS = {
  JWT_SECRET: "a-jwt-secret-for-the-simulation-of-answers",
  API_KEYS: KEY,
  RATE_BURST: "1000",
};

export async function answerWorld(random: () => number) {
  const settling = new Settling(1_790_000_000_000);
  const openDatabase = await sqliteHere();
  await loadAnswers();
  const worker = new TestWorker({ settling, settings: SETTINGS, openDatabase, random });
  const { clock } = settling;
  const network = new Network(worker, clock, random);
  const clients: Client[] = [];
  let ids = 0;

  async function getToken(user: string): Promise<string> {
    const response = await worker.fetch("https://rooms.test/v1/tokens", {
      method: "POST",
      headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
      body: JSON.stringify({ user, rooms: { "*": "write" } }),
    });
    const answer: unknown = await response.json();
    return isRecord(answer) ? String(answer.token) : "";
  }

  return {
    clock,
    network,
    room(user: string, way: "own" | "session"): RoomHandle {
      const client = new Client(
        { url: "https://rooms.test", getToken: () => getToken(user), log: "off", polling: "never" },
        {
          ...{ clock, random, newId: () => `id${++ids}`, tabStore: {}, origin: undefined },
          ...network.portsFor(user),
        },
      );
      clients.push(client);
      return way === "own" ? client.room("lobby") : sharedRoom(client, "lobby");
    },
    /** The room loses what is not stored, and the connections of this user. Those of sessions outlive it. */
    async crashRoom(user: string): Promise<void> {
      network.breakOff(user);
      for (const object of worker.objects) if (object.name === "lobby") object.sleep();
      await settling.settle();
    },
    /** All objects lose what is not stored, and all connections. */
    async crash(): Promise<void> {
      network.breakOff();
      for (const object of worker.objects) object.sleep();
      await settling.settle();
    },
    async close(): Promise<void> {
      for (const client of clients) client.close();
      await settling.settle();
      worker.close();
    },
  };
}
