// What the back end does. The API comes from outside, so that a test can hand in its own.

export function createBoard(server) {
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
  async function tell(event, { id, title, column, owner }) {
    try {
      await room.publish({ event, data: { id, column } });
      if (column === "done" && owner)
        await server.notify({ user: owner, title: "Task done", message: title, id: `${id}-done` });
    } catch (error) {
      console.error(event, id, error);
    }
  }

  return async function answer({ method, url }, body) {
    const id = url.slice("/tasks/".length);
    if (method === "GET" && url === "/tasks") return [...tasks.values()];
    if (method === "POST" && url === "/tasks") return add(JSON.parse(body));
    if (method === "PATCH" && tasks.has(id)) return move(id, JSON.parse(body));
    return undefined;
  };
}
