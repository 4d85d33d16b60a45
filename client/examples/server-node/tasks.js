// The back end of ../board-vue. Node 20: EDGE_ROOMS_API_KEY=… node tasks.js (the key is in .dev.vars of the server).

import { createServer } from "node:http";
import { createServerApi } from "edge-rooms/server";

const { EDGE_ROOMS_API_KEY, EDGE_ROOMS_URL = "http://localhost:8787", PORT = 3000 } = process.env;
if (!EDGE_ROOMS_API_KEY) throw new Error("EDGE_ROOMS_API_KEY is missing");

const server = createServerApi({ url: EDGE_ROOMS_URL, apiKey: EDGE_ROOMS_API_KEY });
const room = server.room("board");
const tasks = new Map(); // in an app a database

async function add({ title, owner }) {
  const task = { id: crypto.randomUUID(), title: String(title), column: "todo", owner };
  tasks.set(task.id, task);
  await tell("task.created", task);
  return task;
}

async function move(id, { column }) {
  const task = { ...tasks.get(id), column: String(column) };
  tasks.set(id, task);
  await tell("task.moved", task);
  return task;
}

/** The task is stored already: a room that cannot be reached takes nothing back. Each call was tried for 30 s by then. */
async function tell(event, task) {
  try {
    await room.publish({ event, data: { id: task.id, column: task.column } });
    if (task.column === "done" && task.owner)
      await server.notify({
        user: task.owner,
        title: "Task done",
        message: task.title,
        id: `${task.id}-done`,
      });
  } catch (error) {
    console.error(event, task.id, error);
  }
}

async function answer({ method, url }, body) {
  const id = url.slice("/tasks/".length);
  if (method === "GET" && url === "/tasks") return [...tasks.values()];
  if (method === "POST" && url === "/tasks") return add(JSON.parse(body));
  if (method === "PATCH" && tasks.has(id)) return move(id, JSON.parse(body));
  return undefined;
}

createServer(async (request, response) => {
  const body = (await request.toArray()).join("");
  const [status, result] = await answer(request, body).then(
    (found) => (found === undefined ? [404, {}] : [200, found]),
    () => [400, {}],
  );
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(result));
}).listen(PORT, "localhost");
