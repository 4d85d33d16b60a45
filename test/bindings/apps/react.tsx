import type { RoomHandle } from "edge-rooms";
import {
  EdgeRooms,
  useConnection,
  useMembers,
  useMessages,
  useRoom,
  useSend,
  useTyping,
  useUnread,
} from "edge-rooms/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { client, name, renders, textOf } from "./client.ts";

function List({ room }: { room: RoomHandle }) {
  renders.lists += 1;
  const { messages } = useMessages(room);
  return (
    <ol>
      {messages.map(({ id, from, data, pending }) => (
        <li key={id}>{`${from?.id}: ${textOf(data)}${pending ? " …" : ""}`}</li>
      ))}
    </ol>
  );
}

function Composer({ room }: { room: RoomHandle }) {
  const { send, pending } = useSend(room);
  const { typing, startTyping } = useTyping(room);
  const [text, setText] = useState("");
  const submit = () => {
    void send({ text });
    setText("");
  };
  return (
    <>
      <output id="typing">{typing.map(({ id }) => id).join()}</output>
      <output id="pending">{pending.length}</output>
      <input
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          startTyping();
        }}
      />
      <button type="button" onClick={submit}>
        Send
      </button>
    </>
  );
}

function Head({ room }: { room: RoomHandle }) {
  const { members } = useMembers(room);
  const ids = members.map(({ id }) => id).sort();
  return (
    <header>
      <output id="status">{useConnection(room).status}</output>
      <output id="members">{ids.join()}</output>
      <output id="unread">{useUnread(room)}</output>
    </header>
  );
}

function Chat() {
  const room = useRoom(name);
  return (
    <>
      <Head room={room} />
      <List room={room} />
      <Composer room={room} />
    </>
  );
}

const root = document.getElementById("app");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <EdgeRooms client={client}>
        <Chat />
      </EdgeRooms>
    </StrictMode>,
  );
