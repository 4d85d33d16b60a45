import { Client, type ClientOptions } from "./client.ts";
import { systemPorts } from "./util/system-ports.ts";

/**
 * A client for one user on one server. Opens no socket before a room or the inbox is asked for. Throws `bad_request`
 * where `url` cannot be used.
 *
 * @example
 * const client = createClient({ url: "", getToken: async () => (await fetch("/token")).text() });
 * const room = client.room("project_123");
 * room.on("message", (message) => console.log(message.from?.name, message.data));
 * await room.send({ text: "Hello" });
 */
export const createClient = (options: ClientOptions): Client => new Client(options, systemPorts());
