import type { Cancel } from "../util/ports.ts";
import type { StorageTabs } from "./offline-storage.ts";

/**
 * Tabs of one origin. Each holds a lock of its own while it runs, so a tab that was closed, or killed, has none. It is
 * released as the page is frozen or kept for the way back: such a page would hold it for days.
 */
export class BrowserTabs implements StorageTabs {
  readonly #name: string;
  #channel: BroadcastChannel | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  join(tab: string, onChange: (stoodStill: boolean) => void): Cancel {
    const ended = new AbortController();
    const { signal } = ended;
    let release = this.#hold(tab);
    const sleep = () => {
      release();
      // They look who is gone. A tab that is killed says nothing, and is found a little later.
      this.tell();
    };
    const wake = () => {
      release();
      release = this.#hold(tab);
      onChange(true);
    };
    if (typeof document !== "undefined") {
      window.addEventListener("pagehide", sleep, { signal });
      document.addEventListener("freeze", sleep, { signal });
      window.addEventListener("pageshow", ({ persisted }) => persisted && wake(), { signal });
      document.addEventListener("resume", wake, { signal });
    }
    const channel = this.#listen(() => onChange(false));
    return () => {
      ended.abort();
      release();
      channel?.close();
      // To post on one that is closed throws.
      if (this.#channel === channel) this.#channel = undefined;
    };
  }

  async alive(): Promise<readonly string[] | undefined> {
    const { held } = (await locksOf()?.query()) ?? {};
    const prefix = this.#lock("");
    return held?.flatMap(({ name = "" }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }

  tell(): void {
    // A channel does not hear itself.
    this.#channel?.postMessage(null);
  }

  #lock(tab: string): string {
    return `${this.#name} tab ${tab}`;
  }

  #hold(tab: string): Cancel {
    const ended = new AbortController();
    const held = (): Promise<void> =>
      new Promise((resolve) => {
        ended.signal.addEventListener("abort", () => resolve());
      });
    // It rejects when it is aborted before it was granted, and where site data is blocked.
    locksOf()
      ?.request(this.#lock(tab), { signal: ended.signal }, held)
      .catch(() => {});
    return () => ended.abort();
  }

  #listen(onChange: () => void): BroadcastChannel | undefined {
    try {
      const channel = new BroadcastChannel(this.#name);
      channel.onmessage = () => onChange();
      this.#channel = channel;
      return channel;
    } catch {
      return undefined;
    }
  }
}

/** Not on pages without TLS. */
const locksOf = (): LockManager | undefined =>
  typeof navigator === "undefined" ? undefined : navigator.locks;
