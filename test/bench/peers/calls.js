// What a call between two objects takes: one calls as many others as there are relays of a large room, again and again.
import { DurableObject } from "cloudflare:workers";

export class Caller extends DurableObject {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const [called, rounds] = [Number(searchParams.get("called")), Number(searchParams.get("rounds"))];
    const message = { type: "message", seq: 1, data: "x".repeat(Number(searchParams.get("bytes"))) };
    for (let round = 0; round < rounds; round++)
      await Promise.all(
        Array.from({ length: called }, (_, at) => this.env.CALLED.getByName(`${at}`).take([message])),
      );
    return new Response("done");
  }
}

export class Called extends DurableObject {
  take(messages) {
    return messages.length;
  }
}

export default {
  fetch: (request, env) => env.CALLER.getByName("one").fetch(request),
};
