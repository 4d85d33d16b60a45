// The body of an answer that waits for a room.

/** How often a space is written to a client that waits. */
const SIGN_OF_LIFE_MS = 5_000;

/** What is waited for, on a socket that the Worker holds. */
export interface Waiting {
  /** Resolves when there is something to answer, or after `waitMs`. */
  heard(waitMs: number): Promise<void>;
  /** Closes the socket. */
  end(): void;
}

/**
 * A text that has begun: spaces, which JSON may begin with, and then `text`. The runtime reports a client that has gone
 * only when a write fails, and a proxy drops a silent answer: the spaces serve both. The status is sent with the first
 * space, so what the room says later stands in the text.
 */
export function waitingText(
  waiting: Waiting,
  waitMs: number,
  text: () => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let clientIsThere = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const attempt = (write: () => void) => {
        try {
          if (clientIsThere) write();
        } catch (error) {
          // The client has gone. If the stream has ended already, this does nothing.
          clientIsThere = false;
          controller.error(error);
          waiting.end();
        }
      };
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      attempt(() => write(" "));
      const timer = setInterval(() => attempt(() => write(" ")), SIGN_OF_LIFE_MS);
      void waiting.heard(waitMs).then(() => {
        clearInterval(timer);
        attempt(() => {
          write(text());
          controller.close();
        });
      });
    },
    cancel() {
      clientIsThere = false;
      waiting.end();
    },
  });
}
