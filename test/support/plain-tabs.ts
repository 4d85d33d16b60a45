// Tabs of a browser as users have them: playwright keeps its pages visible and out of the cache for the way back, so these
// are driven over the DevTools protocol alone.

import type { Browser } from "playwright-core";
import { launchChromium } from "./chromium.ts";
import { freePort } from "./local-server.ts";

type Json = Readonly<Record<string, unknown>>;

export class PlainTab {
  readonly #address: string;
  readonly #id: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: Json) => void>();
  #sent = 0;
  #onCrashed = () => {};

  constructor(address: string, id: string, socket: WebSocket) {
    this.#address = address;
    this.#id = id;
    this.#socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const answer = JSON.parse(data);
      this.#answers.get(answer.id)?.(answer);
      if (answer.method === "Inspector.targetCrashed") this.#onCrashed();
    };
  }

  send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#sent;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  /** The value of an expression; `undefined` while there is no page. */
  async read(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = (await this.send("Runtime.evaluate", params)) as {
      readonly result?: { readonly result?: { readonly value?: unknown } };
    };
    return result?.result?.value;
  }

  /** The tabs before it are hidden then. */
  async show(): Promise<void> {
    await fetch(`${this.#address}/json/activate/${this.#id}`);
  }

  async close(): Promise<void> {
    await fetch(`${this.#address}/json/close/${this.#id}`);
  }

  /** Until its process is gone. */
  async crash(): Promise<void> {
    await this.send("Inspector.enable");
    const crashed = new Promise<void>((resolve) => {
      this.#onCrashed = resolve;
    });
    // It is never answered.
    void this.send("Page.crash");
    await crashed;
  }

  /** Only a hidden page freezes. */
  async setState(state: "frozen" | "active"): Promise<void> {
    await this.send("Page.setWebLifecycleState", { state });
  }
}

export interface PlainBrowser {
  open(url: string): Promise<PlainTab>;
  close(): Promise<void>;
}

export async function launchPlainBrowser(): Promise<PlainBrowser> {
  const port = await freePort();
  const browser: Browser = await launchChromium({
    isWhole: true,
    args: [`--remote-debugging-port=${port}`],
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  const address = `http://127.0.0.1:${port}`;
  return {
    async open(url) {
      const response = await fetch(`${address}/json/new?${encodeURIComponent(url)}`, { method: "PUT" });
      const { id, webSocketDebuggerUrl } = (await response.json()) as Record<string, string>;
      const socket = new WebSocket(String(webSocketDebuggerUrl));
      await new Promise((resolve) => socket.addEventListener("open", resolve));
      return new PlainTab(address, String(id), socket);
    },
    close: () => browser.close(),
  };
}
