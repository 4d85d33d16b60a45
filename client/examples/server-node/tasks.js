// The back end of ../board-vue. Node 20: EDGE_ROOMS_API_KEY=… node tasks.js (the key is in .dev.vars of the server).

import { createServer } from "node:http";
import { createServerApi } from "edge-rooms/server";
import { createBoard } from "./board.js";

const { EDGE_ROOMS_API_KEY, EDGE_ROOMS_URL = "http://localhost:8787", PORT = 3000 } = process.env;
if (!EDGE_ROOMS_API_KEY) throw new Error("EDGE_ROOMS_API_KEY is missing");

const answer = createBoard(createServerApi({ url: EDGE_ROOMS_URL, apiKey: EDGE_ROOMS_API_KEY }));

createServer(async (request, response) => {
  const body = (await request.toArray()).join("");
  const [status, result] = await answer(request, body).then(
    (found) => (found === undefined ? [404, {}] : [200, found]),
    () => [400, {}],
  );
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(result));
}).listen(PORT, "localhost");
