// One tab among those of its user: which of them holds the connections. The lock says it: one tab has it at a time, and
// it is free when that tab is closed, or sleeps. A tab that stands still without a word is found by its silence.
// Invariant: each holder has a greater term than the one before, and nobody listens to one with a lesser term; so of two
// that both think they hold the connections, one is heard. The server listens to the later one too (`replaces`).

import type { ClientContext } from "../core/client-context.ts";
import type { RoomsError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { TabHub } from "./tab-hub.ts";
import { type Holder, isCall, isHolder, isNews, type TabCall, type TabNews } from "./tab-message.ts";
import type { TabChannel, TabPorts } from "./tab-ports.ts";

/** How often the holder says that it runs, from a timer: a page that stands still has no timers, but answers messages. */
const BEAT_MS = 400;
/** While nobody looks at a tab, a take-over has time, and browsers call timers once a minute. */
const SLOW_BEAT_MS = 20_000;
/** How often a tab that somebody looks at counts that it has heard nothing. */
const LISTEN_MS = 200;
/** After so many in a row it takes over. A busy moment of this tab itself counts as one. */
const SILENT_TICKS = 4;
/** The timers of a page that nobody looks at are called once a second. */
const SILENT_TICKS_OF_HIDDEN = 12;
const SLOW_LISTEN_MS = 30_000;
/** Within so long a tab that runs has heard that its lock was taken. */
const CONTEST_MS = 200;

export interface MembershipEvents {
  /** Another tab, or this one, holds the connections from now on: what the one before had is lost. */
  onHolder(): void;
  onNews(news: readonly TabNews[]): void;
  /** Where the own token has the id of this user. */
  placesOf(user: string | null): string;
  /** Tabs cannot share here. */
  onImpossible(): void;
  /** The server takes no token of this tab. Returns whether it leaves, so that another tab goes on with its own. */
  onTokenRefused(error: RoomsError): boolean;
  /** The server has greeted another user. */
  onUserChanged(): void;
}

export class TabMembership {
  readonly #context: ClientContext;
  readonly #ports: TabPorts;
  readonly #name: string;
  readonly #tab: string;
  readonly #events: MembershipEvents;
  readonly #all: TabChannel;
  /** Its other end is that of the tab that holds the connections. */
  readonly #own: TabChannel;
  readonly #cancels: readonly Cancel[];
  #holder: Holder | undefined;
  #hub: TabHub | undefined;
  readonly #tabs = new Map<string, TabChannel>();
  #cancelLock: Cancel = () => {};
  #cancelTimer: Cancel = () => {};
  #cancelContest: Cancel = () => {};
  #beats = 0;
  #silentTicks = 0;
  #usedAt = 0;
  #isOver = false;

  /** Throws where the platform lacks what it takes. */
  constructor(
    context: ClientContext,
    ports: TabPorts,
    { name, tab }: { readonly name: string; readonly tab: string },
    events: MembershipEvents,
  ) {
    this.#context = context;
    this.#ports = ports;
    this.#name = name;
    this.#tab = tab;
    this.#events = events;
    const onRefused = () => this.#events.onImpossible();
    const onHeld = () => this.#begin();
    const cancelLock = ports.lock(`${name}/${tab}`, "wait", { onHeld, onLost: () => {}, onRefused });
    try {
      this.#all = ports.channel(name, (data) => this.#onAnnounced(data));
      this.#own = ports.channel(`${name}/${tab}`, (data) => this.#onMessage(data));
    } catch (cause) {
      cancelLock();
      throw cause;
    }
    const cancelUse = ports.onUse(() => this.#onUse());
    this.#cancels = [cancelLock, cancelUse, () => this.#all.close(), () => this.#own.close()];
  }

  get hasHolder(): boolean {
    return this.#holder !== undefined;
  }

  call(call: TabCall): void {
    if (this.#hub !== undefined) this.#hub.onCall(this.#tab, call);
    else if (this.#holder !== undefined) this.#own.post({ term: this.#holder.term, tab: this.#tab, call });
  }

  /** `leave`: the app wants no connection any more, so what only this tab wanted is left. */
  end(how: "leave" | "handOver"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#hub === undefined) this.call({ type: "gone" });
    this.#stepDown(how);
    this.#cancelContest();
    this.#cancelLock();
    for (const cancel of this.#cancels) cancel();
  }

  /** The others know by its own lock when this tab is gone. */
  #begin(): void {
    this.#usedAt = this.#ports.isVisible() ? this.#context.ports.clock.now() : 0;
    this.#wait("wait");
    this.#comeIn();
    this.#listen();
  }

  #wait(how: "wait" | "steal"): void {
    this.#cancelLock();
    this.#cancelLock = this.#ports.lock(`${this.#name}/holder`, how, {
      onRefused: () => this.#events.onImpossible(),
      onHeld: () => this.#hold(),
      onLost: () => {
        this.#stepDown("handOver");
        this.#holder = undefined;
        this.#wait("wait");
        this.#listen();
        this.#comeIn();
        this.#events.onHolder();
      },
    });
  }

  #hold(): void {
    this.#hub = new TabHub(this.#context, this.#tab, {
      post: (tab, news) => this.#tell(tab, { news }),
      onGone: (tab, fn) => this.#onGone(tab, fn),
      placesOf: (user) => this.#events.placesOf(user),
      onUserChanged: () => this.#events.onUserChanged(),
      onTokenRefused: (error) => this.#events.onTokenRefused(error),
    });
    this.#announce(this.#holder?.term ?? 0);
  }

  #announce(after: number): void {
    const { clock, random } = this.#context.ports;
    // Two that take over in the same moment have different terms.
    const term = Math.max(after + 1, clock.now()) + random();
    this.#holder = { term, tab: this.#tab, isVisible: this.#ports.isVisible(), isBeat: false };
    this.#all.post(this.#holder);
    this.#hub?.onCall(this.#tab, this.#here());
    this.#beatLater();
    this.#events.onHolder();
  }

  /** All hear it, as it is not known who holds the connections. */
  #comeIn(): void {
    this.#all.post({ term: 0, tab: this.#tab, call: this.#here() });
  }

  #here(): TabCall {
    return { type: "here", isVisible: this.#ports.isVisible(), usedAt: this.#usedAt };
  }

  #stepDown(how: "leave" | "handOver"): void {
    this.#cancelTimer();
    this.#hub?.stop(how);
    this.#hub = undefined;
    for (const channel of this.#tabs.values()) channel.close();
    this.#tabs.clear();
  }

  #onGone(tab: string, fn: () => void): Cancel {
    if (tab === this.#tab) return () => {};
    const gone = () => {
      this.#tabs.get(tab)?.close();
      this.#tabs.delete(tab);
      fn();
    };
    return this.#ports.lock(`${this.#name}/${tab}`, "wait", {
      ...{ onHeld: gone, onLost: () => {}, onRefused: () => {} },
    });
  }

  #beatLater(): void {
    this.#cancelTimer();
    const isFast = this.#hub?.isUsedElsewhere ?? false;
    this.#cancelTimer = this.#context.ports.clock.after(isFast ? BEAT_MS : SLOW_BEAT_MS, () => {
      this.#beats += 1;
      const isForAll = !isFast || this.#beats % (SLOW_BEAT_MS / BEAT_MS) === 0;
      for (const tab of this.#hub?.others ?? [])
        if (isForAll || this.#hub?.usageOf(tab).isVisible) this.#sayHolder(tab, true);
      this.#beatLater();
    });
  }

  #sayHolder(tab: string, isBeat: boolean): void {
    if (this.#holder !== undefined)
      this.#tell(tab, { ...this.#holder, isVisible: this.#ports.isVisible(), isBeat });
  }

  #tell(tab: string, what: Holder | { readonly news: readonly TabNews[] }): void {
    if (tab !== this.#tab) this.#channelTo(tab).post({ ...what, term: this.#holder?.term ?? 0 });
    else if ("news" in what) this.#events.onNews(what.news);
  }

  #channelTo(tab: string): TabChannel {
    const known = this.#tabs.get(tab);
    if (known !== undefined) return known;
    const channel = this.#ports.channel(`${this.#name}/${tab}`, (data) => {
      if (isCall(data) && data.tab === tab && data.term === this.#holder?.term) this.#onCall(tab, data.call);
    });
    this.#tabs.set(tab, channel);
    return channel;
  }

  #onCall(tab: string, call: TabCall): void {
    const wasUsed = this.#hub?.isUsedElsewhere;
    this.#hub?.onCall(tab, call);
    if (this.#hub?.isUsedElsewhere !== wasUsed) this.#beatLater();
  }

  /** What all hear: who holds the connections, and who has come. */
  #onAnnounced(data: unknown): void {
    if (isHolder(data)) {
      const known = this.#holder?.term ?? 0;
      if (data.term <= known) return;
      if (this.#hub !== undefined) this.#contest(data.term);
      else this.#comeIn();
    } else if (isCall(data) && this.#hub !== undefined) {
      this.#onCall(data.tab, data.call);
      this.#sayHolder(data.tab, false);
    }
  }

  #onMessage(data: unknown): void {
    if (this.#hub !== undefined) return;
    const known = this.#holder?.term ?? 0;
    if (isNews(data) && data.term === known) this.#events.onNews(data.news);
    if (!isHolder(data) || data.term < known) return;
    if (data.isBeat || data.term > known) this.#silentTicks = 0;
    this.#holder = data;
    if (data.term > known) this.#events.onHolder();
  }

  /**
   * Another one says that it holds the connections, under a greater term. Either has the lock no more, and will hear of it:
   * if that is not this one, it goes on under a term that is greater still, which ends the links of all tabs. From a timer,
   * as a page that stands still gets messages, but does not hear that its lock was taken.
   */
  #contest(after: number): void {
    const hub = this.#hub;
    this.#cancelContest();
    this.#cancelContest = this.#context.ports.clock.after(CONTEST_MS, () => {
      if (this.#hub !== hub || hub === undefined || (this.#holder?.term ?? 0) > after) return;
      this.#stepDown("handOver");
      this.#holder = { term: after, tab: "", isVisible: false, isBeat: false };
      this.#hold();
    });
  }

  #onUse(): void {
    if (this.#ports.isVisible()) this.#usedAt = this.#context.ports.clock.now();
    this.#silentTicks = 0;
    if (this.hasHolder) this.call(this.#here());
    else this.#comeIn();
    if (this.#hub === undefined) this.#listen();
    // Its timers may come late from now on.
    else for (const tab of this.#hub.others) this.#sayHolder(tab, false);
  }

  #listen(): void {
    this.#cancelTimer();
    const isVisible = this.#ports.isVisible();
    this.#cancelTimer = this.#context.ports.clock.after(isVisible ? LISTEN_MS : SLOW_LISTEN_MS, () => {
      this.#silentTicks += 1;
      const isHolderSeen = this.#holder?.isVisible ?? false;
      const limit = isVisible && !isHolderSeen ? SILENT_TICKS_OF_HIDDEN : SILENT_TICKS;
      if (this.#silentTicks >= limit) {
        this.#silentTicks = 0;
        this.#wait("steal");
      }
      if (this.#hub === undefined) this.#listen();
    });
  }
}
