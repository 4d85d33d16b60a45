import { edgeRooms, useConnection, useMessages, useRoom } from "edge-rooms/vue";
import { type App, createSSRApp, defineComponent, h, KeepAlive, shallowRef } from "vue";
import { client, name, renders, textOf } from "../client.ts";
import { FIRST, now, stage } from "./stage.ts";

const Held = defineComponent(() => {
  const { messages } = useMessages(useRoom(name, now));
  return () => h("output", { id: "held" }, messages.value.length);
});

const List = defineComponent(() => {
  const { messages } = useMessages(useRoom(name, now));
  return () => {
    renders.lists += 1;
    return h(
      "ol",
      messages.value.map(({ id, data }) => h("li", { key: id }, textOf(data))),
    );
  };
});

const Nothing = defineComponent(() => () => h("i"));

const Stage = defineComponent(() => {
  const [state, connection] = [shallowRef(FIRST), useConnection()];
  stage.set = (part) => {
    state.value = { ...state.value, ...part };
  };
  return () =>
    h("main", [
      h("output", { id: "status" }, connection.value.status),
      state.value.isHeld ? h(Held) : null,
      h(KeepAlive, null, { default: () => h(state.value.isShown ? List : Nothing) }),
    ]);
});

export const page = (): App => createSSRApp(Stage).use(edgeRooms, client);
