/** A frame that many sockets are sent. What the runtime makes of its text, it makes once. */
export class SharedFrame {
  readonly text: string;
  /**
   * Whether it goes as bytes to those who take them. The runtime encodes a text again for each socket. Of one byte a
   * character that is a copy; of others it takes longer than all else that a send does.
   */
  readonly goesAsBytes: boolean;
  /** Its UTF-8, once a socket has needed it. */
  bytes: Uint8Array | undefined;

  constructor(text: string) {
    this.text = text;
    this.goesAsBytes = /[\u0080-\uffff]/.test(text);
  }
}
