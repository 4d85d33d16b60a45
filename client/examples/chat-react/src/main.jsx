// A chat. Open http://localhost:5173/?user=ada and, in another window, ?user=bob.

import { createClient } from "edge-rooms";
import { EdgeRooms, useMembers, useMessages, useRoom, useSend, useTyping } from "edge-rooms/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const url = import.meta.env.VITE_EDGE_ROOMS_URL ?? "http://localhost:8787";
const user = new URLSearchParams(location.search).get("user") ?? "ada";
// In production your back end makes the token: see ../token-servers.
const getToken = async () => (await (await fetch(`${url}/dev/token?user=${user}&name=${user}`)).json()).token;
const client = createClient({ url, getToken });

function Messages({ room }) {
  const { messages } = useMessages(room);
  return messages.map(({ id, from, data, pending }) => (
    <p key={id}>{`${from?.name}: ${data.text}${pending ? " …" : ""}`}</p>
  ));
}

function Composer({ room }) {
  const { send, failed, retry } = useSend(room);
  const { typing, startTyping } = useTyping(room);
  const [text, setText] = useState("");
  const submit = (event) => {
    event.preventDefault();
    send({ text }).catch(() => {}); // it is in `failed`
    setText("");
  };
  return (
    <form onSubmit={submit}>
      {failed.map(({ id, error }) => (
        <button type="button" key={id} onClick={() => retry(id)}>{`${error?.message} Send again`}</button>
      ))}
      <p>{typing.map(({ name }) => `${name} is typing`).join(", ")}</p>
      <input
        aria-label="Message"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          startTyping();
        }}
      />
      <button type="submit" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}

function Chat() {
  const room = useRoom("lobby");
  const { members } = useMembers(room);
  return (
    <>
      <h1>{`Here: ${members.map(({ name }) => name).join(", ")}`}</h1>
      <Messages room={room} />
      <Composer room={room} />
    </>
  );
}

createRoot(document.getElementById("app")).render(
  <EdgeRooms client={client}>
    <Chat />
  </EdgeRooms>,
);
