import {
  edgeRooms,
  type MaybeRoom,
  useConnection,
  useMembers,
  useMessages,
  useRoom,
  useSend,
  useTyping,
  useUnread,
} from "edge-rooms/vue";
import { createApp, defineComponent, h, ref } from "vue";
import { client, name, renders, textOf } from "./client.ts";

const output = (id: string, value: unknown) => h("output", { id }, String(value));

const List = defineComponent(
  ({ room }: { room: MaybeRoom }) => {
    const { messages } = useMessages(room);
    return () => {
      renders.lists += 1;
      const rows = messages.value.map(({ id, from, data, pending }) =>
        h("li", { key: id }, `${from?.id}: ${textOf(data)}${pending ? " …" : ""}`),
      );
      return h("ol", rows);
    };
  },
  { props: ["room"] },
);

const Chat = defineComponent(() => {
  const room = useRoom(name);
  const { send, pending } = useSend(room);
  const { typing, startTyping } = useTyping(room);
  const { members } = useMembers(room);
  const [connection, unread, text] = [useConnection(room), useUnread(room), ref("")];
  const submit = () => {
    void send({ text: text.value });
    text.value = "";
  };
  const onInput = ({ target }: Event) => {
    if (target instanceof HTMLInputElement) text.value = target.value;
    startTyping();
  };
  return () => [
    output("status", connection.value.status),
    output("members", members.value.map(({ id }) => id).sort()),
    output("unread", unread.value),
    h(List, { room }),
    output(
      "typing",
      typing.value.map(({ id }) => id),
    ),
    output("pending", pending.value.length),
    h("input", { value: text.value, onInput }),
    h("button", { type: "button", onClick: submit }, "Send"),
  ];
});

createApp(Chat).use(edgeRooms, client).mount("#app");
