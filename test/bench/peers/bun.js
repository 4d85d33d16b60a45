// Bun's publish: the fastest in-memory broadcast that we know of.
Bun.serve({
  port: Number(process.argv[2]),
  hostname: "127.0.0.1",
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (!server.upgrade(request, { data: { room: pathname } }))
      return new Response("WebSocket only", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    publishToSelf: true,
    open(socket) {
      socket.subscribe(socket.data.room);
      socket.send("hello");
    },
    message(socket, text) {
      socket.publish(socket.data.room, text);
    },
  },
});
