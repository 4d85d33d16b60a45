// What client, demo and push texts understand in the `data` of the event `chat`. Nothing of it is required.

export const CHAT_EVENT = "chat";
export const TYPING_EVENT = "typing";

export interface Attachment {
  readonly url: string;
  readonly name?: string;
  readonly mime?: string;
  readonly bytes?: number;
  readonly width?: number;
  readonly height?: number;
}

export interface ChatData {
  readonly text?: string;
  readonly type?: "text" | "image" | "file";
  readonly attachments?: readonly Attachment[];
  readonly metadata?: unknown;
}

export interface TypingData {
  readonly isTyping: boolean;
}
