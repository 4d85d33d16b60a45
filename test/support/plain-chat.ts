import { AbstractChat, type ChatInit, type ChatState, type ChatStatus, type UIMessage } from "ai";

class PlainState implements ChatState<UIMessage> {
  status: ChatStatus = "ready";
  error: Error | undefined;
  messages: UIMessage[];

  constructor(messages: UIMessage[]) {
    this.messages = messages;
  }

  pushMessage = (message: UIMessage) => {
    this.messages = [...this.messages, message];
  };

  popMessage = () => {
    this.messages = this.messages.slice(0, -1);
  };

  replaceMessage = (index: number, message: UIMessage) => {
    this.messages = this.messages.map((other, at) => (at === index ? message : other));
  };

  snapshot = <T>(thing: T): T => structuredClone(thing);
}

/** The chat of the AI SDK, of no framework. */
export class PlainChat extends AbstractChat<UIMessage> {
  constructor({ messages = [], ...init }: ChatInit<UIMessage>) {
    super({ ...init, state: new PlainState(messages) });
  }
}

/** What a chat shows: each message as its role, and its texts. */
export const shownIn = ({ messages }: { readonly messages: readonly UIMessage[] }): readonly string[] =>
  messages.map(({ role, parts }) => {
    const texts = parts.map((part) => (part.type === "text" ? part.text : part.type));
    return `${role}: ${texts.join(" ")}`;
  });
