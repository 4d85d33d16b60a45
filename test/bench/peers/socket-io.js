// Socket.IO in its best plain form: WebSocket transport only, no compression, one room broadcast a message. With `recovery`
// as its second argument it keeps what is sent for those who come back, in memory.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  ...(process.argv[3] === "recovery" && { connectionStateRecovery: {} }),
});
io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  socket.join(room);
  socket.on("chat", (payload) => io.to(room).emit("chat", payload));
});
http.listen(Number(process.argv[2]), "127.0.0.1");
