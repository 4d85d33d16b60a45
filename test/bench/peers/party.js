// partyserver, hibernating, with its own broadcast.
import { routePartykitRequest, Server } from "partyserver";

export class Main extends Server {
  static options = { hibernate: true };
  onConnect(connection) {
    connection.send("hello");
  }
  onMessage(_connection, message) {
    this.broadcast(message);
  }
}

export default {
  fetch: async (request, env) =>
    (await routePartykitRequest(request, env)) ?? new Response("nothing", { status: 404 }),
};
