import { MAX_SESSION_ROOMS } from "../../src/protocol/index.ts";
import { SharedRooms } from "../connection/transport/shared-rooms.ts";
import type { OpenRequest, Transport } from "../connection/transport/transport.ts";
import { WebSocketTransport } from "../connection/transport/websocket-transport.ts";
import type { ClientContext } from "../core/client-context.ts";
import type { RoomsError } from "../util/errors.ts";
import type { Cancel } from "../util/ports.ts";
import { type LogKey, logId, type TabCall, type TabNews } from "./tab-message.ts";
import type { TabUsage } from "./tab-presence.ts";
import { Upstream, type UpstreamPort } from "./upstream.ts";

export interface HubEvents {
  /** To one tab, perhaps the own one, in order. */
  post(tab: string, news: readonly TabNews[]): void;
  /** Calls `fn` when that tab is gone. */
  onGone(tab: string, fn: () => void): Cancel;
  /** Where the token of this tab has the id of this user. */
  placesOf(user: string | null): string;
  /** The server has greeted another user. */
  onUserChanged(): void;
  /** The server takes no token of this tab, and there are others. Returns whether one of them goes on. */
  onTokenRefused(error: RoomsError): boolean;
}

interface TabRecord extends TabUsage {
  readonly cancelGone: Cancel;
}

/** Of a tab that has not said yet how it is used. */
const UNKNOWN: TabUsage = { isVisible: false, usedAt: 0 };

/** All connections of the tabs of one user, in the tab that holds them. */
export class TabHub implements UpstreamPort {
  readonly #context: ClientContext;
  readonly #ownTab: string;
  readonly #events: HubEvents;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #tabs = new Map<string, TabRecord>();
  readonly #news = new Map<string, TabNews[]>();
  /** Over the session of the inbox that was opened first. */
  #rooms: { readonly session: Upstream; readonly on: SharedRooms } | undefined;
  readonly #sockets = new Map<Upstream, WebSocketTransport>();
  #isOver = false;

  constructor(context: ClientContext, ownTab: string, events: HubEvents) {
    this.#context = context;
    this.#ownTab = ownTab;
    this.#events = events;
  }

  get isUsed(): boolean {
    return [...this.#tabs.values()].some(({ isVisible }) => isVisible);
  }

  /** Whether somebody looks at a tab that is not this one. */
  get isUsedElsewhere(): boolean {
    return [...this.#tabs].some(([tab, { isVisible }]) => isVisible && tab !== this.#ownTab);
  }

  get others(): readonly string[] {
    return [...this.#tabs.keys()].filter((tab) => tab !== this.#ownTab);
  }

  usageOf(tab: string): TabUsage {
    return this.#tabs.get(tab) ?? UNKNOWN;
  }

  placesOf(user: string | null): string {
    return this.#events.placesOf(user);
  }

  onUserChanged(): void {
    this.#events.onUserChanged();
  }

  onTokenRefused(error: RoomsError): boolean {
    return this.others.length > 0 && this.#events.onTokenRefused(error);
  }

  /** What was told in one turn goes as one message. */
  tell(tab: string, news: TabNews): void {
    if (this.#isOver) return;
    if (this.#news.size === 0) queueMicrotask(() => this.#flush());
    const told = this.#news.get(tab) ?? [];
    this.#news.set(tab, told);
    const last = told.at(-1);
    if (news.type === "frames" && last?.type === "frames" && last.link === news.link)
      told[told.length - 1] = { ...news, frames: [...last.frames, ...news.frames] };
    else told.push(news);
  }

  onCall(tab: string, call: TabCall): void {
    if (this.#isOver) return;
    if (call.type === "gone") {
      this.#drop(tab);
      return;
    }
    if (!this.#tabs.has(tab)) {
      const cancelGone = this.#events.onGone(tab, () => this.#drop(tab));
      this.#tabs.set(tab, { ...UNKNOWN, cancelGone });
    }
    switch (call.type) {
      case "here":
        this.#use(tab, call);
        return;
      case "open":
        this.#upstream(call.key, call.request).open(tab, call.link, call.request);
        return;
      case "send":
        this.#of(call.link)?.receive(call.link, call.command);
        return;
      case "close":
        this.#of(call.link)?.closeLink(call.link);
        return;
      case "hurry":
        this.#upstreams.get(logId(call.key))?.hurry();
        return;
      case "release":
        this.#release(logId(call.key), tab, call.how);
        return;
      default:
        call satisfies never;
    }
  }

  /** For good. What other tabs want goes on in one of them; `leave`: what only this one wanted is left. */
  stop(how: "leave" | "handOver"): void {
    if (this.#isOver) return;
    this.#flush();
    this.#isOver = true;
    for (const upstream of this.#upstreams.values()) {
      const isOwn = [...upstream.tabs].every((tab) => tab === this.#ownTab);
      upstream.stop(isOwn ? how : "handOver");
    }
    for (const { cancelGone } of this.#tabs.values()) cancelGone();
  }

  #flush(): void {
    const all = [...this.#news];
    this.#news.clear();
    if (this.#isOver) return;
    // The own tab is last: its app hears the news at once, and may close the client.
    all.sort(([a], [b]) => Number(a === this.#ownTab) - Number(b === this.#ownTab));
    for (const [tab, news] of all) this.#events.post(tab, news);
  }

  #use(tab: string, { isVisible, usedAt }: TabUsage): void {
    const known = this.#tabs.get(tab);
    if (known === undefined) return;
    this.#tabs.set(tab, { ...known, isVisible, usedAt });
    for (const upstream of this.#upstreams.values()) upstream.onUse(tab);
  }

  get #all(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  #of(link: string): Upstream | undefined {
    return this.#all.find((upstream) => upstream.has(link));
  }

  #drop(tab: string): void {
    this.#tabs.get(tab)?.cancelGone();
    if (!this.#tabs.delete(tab)) return;
    for (const id of [...this.#upstreams.keys()]) this.#release(id, tab, "leave");
  }

  #release(id: string, tab: string, how: "leave" | "handOver"): void {
    const upstream = this.#upstreams.get(id);
    upstream?.release(tab);
    if (upstream === undefined || upstream.tabs.size > 0) return;
    // With another connection to the room, the user stays in it, and nothing takes the place of this one.
    const isElsewhere = this.#all.some(
      ({ key }) => key !== upstream.key && key.kind === upstream.key.kind && key.name === upstream.key.name,
    );
    this.#close(id, upstream, isElsewhere ? "leave" : how);
  }

  #close(id: string, upstream: Upstream, how: "leave" | "handOver"): void {
    const isSharedRoom = upstream.key.kind === "sharedRoom";
    const hasRooms = this.#all.some((other) => other !== upstream && other.key.kind === "sharedRoom");
    // The rooms need the session as long as there are some.
    if (upstream === this.#rooms?.session && hasRooms) return;
    this.#upstreams.delete(id);
    this.#sockets.delete(upstream);
    upstream.stop(how);
    const session = this.#rooms?.session;
    if (upstream === session) this.#rooms = undefined;
    else if (isSharedRoom && !hasRooms && session?.tabs.size === 0)
      this.#close(logId(session.key), session, how);
  }

  #upstream(key: LogKey, first: OpenRequest): Upstream {
    const id = logId(key);
    const known = this.#upstreams.get(id);
    if (known !== undefined) return known;
    const own = this.#transport(key);
    // Other tabs may still have the connection that this tab had: the server would end it.
    const isKept = this.#all.some(({ connection }) => connection === first.replaces);
    const request = isKept ? { ...first, replaces: undefined } : first;
    const upstream = new Upstream(this.#context, key, own, request, this);
    if (own instanceof WebSocketTransport) this.#sockets.set(upstream, own);
    this.#upstreams.set(id, upstream);
    return upstream;
  }

  #transport({ kind, name }: LogKey): Transport {
    if (kind === "inbox") return new WebSocketTransport(this.#context, "/v1/connect");
    const path = `/v1/rooms/${name}/connect`;
    if (kind === "sharedRoom" && this.#fitsSession(name)) return this.#sharedRooms().transport(name, path);
    return new WebSocketTransport(this.#context, path);
  }

  /** A session joins a room once, with one filter, and so many rooms: a further one has a socket of its own. */
  #fitsSession(name: string): boolean {
    const rooms = this.#all.filter(({ key }) => key.kind === "sharedRoom");
    return rooms.length < MAX_SESSION_ROOMS && !rooms.some(({ key }) => key.name === name);
  }

  #sharedRooms(): SharedRooms {
    if (this.#rooms !== undefined) return this.#rooms.on;
    const first = this.#all.find(({ key }) => key.kind === "inbox");
    const nothing = { since: undefined, replaces: undefined, history: undefined, topics: null };
    const session = first ?? this.#upstream({ kind: "inbox", name: "", topics: null }, nothing);
    const socket = this.#sockets.get(session) ?? new WebSocketTransport(this.#context, "/v1/connect");
    const on = new SharedRooms(this.#context, socket, session.channel);
    this.#rooms = { session, on };
    return on;
  }
}
