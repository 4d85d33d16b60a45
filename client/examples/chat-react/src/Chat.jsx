// The chat. Its client comes from outside, so that a test can hand in its own.

import { useMembers, useMessages, useRoom, useSend, useTyping } from "edge-rooms/react";
import { useState } from "react";

function Messages({ room }) {
  const textOf = (data) => (typeof data?.text === "string" ? data.text : ""); // members may send anything
  return useMessages(room).messages.map(({ id, from, data, pending }) => (
    <p key={id}>{`${from?.name}: ${textOf(data)}${pending ? " …" : ""}`}</p>
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
        onInput={() => startTyping()}
        onChange={({ target }) => setText(target.value)}
      />
      <button type="submit" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}

export function Chat() {
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
