// `ws` with a hand-written broadcast: the plainest server on Node.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: "127.0.0.1",
  perMessageDeflate: false,
});
server.on("connection", (socket, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members.add(socket));
  socket.send("hello");
  socket.on("message", (data) => {
    const text = data.toString();
    for (const member of members) member.send(text);
  });
  socket.on("close", () => members.delete(socket));
});
