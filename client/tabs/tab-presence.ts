import type { Answer, PresenceCommand, Status } from "../../src/protocol/index.ts";

/** How a tab is used. */
export interface TabUsage {
  readonly isVisible: boolean;
  /** When it had the focus last; of two that are looked at, the later one is in use. */
  readonly usedAt: number;
}

/** Which tabs there are. */
export interface UsageOfTabs {
  usageOf(tab: string): TabUsage;
  /** Somebody looks at one of them, perhaps one that has said nothing of the presence. */
  readonly isUsed: boolean;
}

/** The connection that they share. */
export interface PresencePortOfTabs {
  newId(): string;
  /** The answer is `undefined` where nothing is live. */
  request(command: PresenceCommand, onAnswer: (answer: Answer | undefined) => void): void;
}

type Said = Pick<PresenceCommand, "status" | "data">;

/** As a room chooses among the connections of a user. */
const BEST_FIRST: readonly Status[] = ["online", "busy", "away"];

/**
 * What one connection says of its user, of what its tabs have said: that of the tab in use. Where this one has said
 * nothing, it is what a room would show of separate connections; but a hidden tab does not say `away` over one in use.
 */
export class TabPresence {
  readonly #said = new Map<string, { readonly tab: string; readonly said: Said }>();
  readonly #port: PresencePortOfTabs;
  readonly #tabs: UsageOfTabs;
  /** What the server has been told. */
  #told: Said = {};

  constructor(port: PresencePortOfTabs, tabs: UsageOfTabs) {
    this.#port = port;
    this.#tabs = tabs;
  }

  /** A connection begins with nothing. */
  begin(): void {
    this.#told = {};
  }

  /** A field that is left out stays. */
  set(link: string, tab: string, { status, data }: Said): void {
    const said = {
      ...this.#said.get(link)?.said,
      ...(status !== undefined && { status }),
      ...(data !== undefined && { data }),
    };
    // Last, as the latest `data` count.
    this.#said.delete(link);
    this.#said.set(link, { tab, said });
  }

  remove(link: string): void {
    this.#said.delete(link);
  }

  /** Tells the server where it does not know yet. */
  tell(onAnswer: (answer: Answer | undefined) => void = () => {}): void {
    const before = this.#told;
    // What a tab has said that is gone ends with it.
    const next: Said = {
      ...(before.status !== undefined && { status: "online" }),
      ...(before.data !== undefined && { data: null }),
      ...this.#shown(),
    };
    const id = this.#port.newId();
    if (JSON.stringify(next) === JSON.stringify(before)) {
      onAnswer({ type: "ok", id });
      return;
    }
    this.#told = next;
    this.#port.request({ type: "presence", id, ...next }, (answer) => {
      if (answer?.type === "error" && this.#told === next) this.#told = before;
      onAnswer(answer);
    });
  }

  #shown(): Said {
    const all = Array.from(this.#said.values(), ({ tab, said }) => ({
      said,
      usage: this.#tabs.usageOf(tab),
    }));
    const inUse = all.filter(({ usage }) => usage.isVisible).sort((a, b) => b.usage.usedAt - a.usage.usedAt);
    const { isUsed } = this.#tabs;
    const status =
      inUse.find(({ said }) => said.status !== undefined)?.said.status ??
      BEST_FIRST.find((one) => !(isUsed && one === "away") && all.some(({ said }) => said.status === one));
    const data = [...inUse, ...all.reverse()].find(({ said }) => said.data !== undefined)?.said.data;
    return { ...(status !== undefined && { status }), ...(data !== undefined && { data }) };
  }
}
