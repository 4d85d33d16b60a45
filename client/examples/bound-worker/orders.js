// A Worker of the same account as the rooms. `npm run dev` beside that of the rooms, then:
// curl localhost:8788/orders -d '{"item":"Tea","customer":"ada"}'

export default {
  async fetch(request, { ROOMS }) {
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/orders") return new Response(null, { status: 404 });
    const { item, customer } = await request.json();
    const order = { id: crypto.randomUUID(), item: String(item) }; // in an app it goes to a database
    try {
      const { seq } = await ROOMS.room("orders").publish({
        event: "order.placed",
        data: order,
        id: order.id,
      });
      await ROOMS.notify({ user: customer, title: "Order placed", message: order.item, id: order.id });
      return Response.json({ ...order, seq }, { status: 201 });
    } catch (error) {
      // Each call was tried for 30 s by then, unless it was wrong.
      const status = ["bad_request", "too_large"].includes(error.code) ? 400 : 503;
      return Response.json({ code: error.code, message: error.message }, { status });
    }
  },
};
